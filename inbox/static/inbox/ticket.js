// What working on one ticket needs beyond plain forms: drafts on the server, mentions, presence, photos from the camera,
// keys, and focus that survives a swap. Every page works without this file.
(() => {
  "use strict";
  const find = (selector, root = document) => root?.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const within = (root, selector) => [...(root.matches?.(selector) ? [root] : []), ...all(selector, root)];
  const local = {
    get: (key) => {
      try {
        return localStorage.getItem(key);
      } catch {
        return null; // storage switched off
      }
    },
    drop: (key) => {
      try {
        localStorage.removeItem(key);
      } catch {
        // nothing was kept
      }
    },
  };
  const draftKey = (form, field) => `draft:${form.dataset.draft}:${field.name}`;
  const token = (form) => find("[name=csrfmiddlewaretoken]", form)?.value ?? "";

  // --- One's place in the list one came from ---------------------------------------------------------------------------
  // The page's address says which list that was. Asked once a page: a ticket that leaves the list while one works on it
  // keeps the way on to the next one, also when the page is loaded anew.
  let neighbours = null; // nothing has been told yet
  const toldBefore = (address) => {
    const [of, told] = JSON.parse(sessionStorage.getItem("neighbours") ?? "[]");
    return of === address ? told : "";
  };
  const showNeighbours = () => {
    if (neighbours === null) return;
    // What has been told already stays: the focus may be in it.
    for (const slot of all("[data-neighbours]:not([data-told])")) {
      slot.innerHTML = neighbours;
      slot.dataset.told = "";
    }
  };
  const askForNeighbours = async () => {
    const address = find("[data-neighbours]")?.dataset.neighbours;
    if (!address) return;
    try {
      const answer = await fetch(address);
      if (answer.status === 200 && !answer.redirected) {
        neighbours = (await answer.text()).trim();
        sessionStorage.setItem("neighbours", JSON.stringify([address, neighbours]));
      } else if (answer.status === 204) neighbours = toldBefore(address);
    } catch {
      // without it the page is only a little less handy
    }
    showNeighbours();
  };
  document.addEventListener("htmx:afterSwap", showNeighbours);
  document.addEventListener("DOMContentLoaded", askForNeighbours);

  // --- Drafts on the server -------------------------------------------------------------------------------------------
  // app.js keeps what is typed in this browser at once; from here it goes to the server every five seconds and leaves
  // the browser when it has arrived. What is still in the browser is therefore newer than what the server knows.
  const EVERY = 5000;
  const unsaved = new Set();
  const saveDraft = async (form, keepalive = false) => {
    const field = find("textarea[name=text]", form);
    if (!field) return;
    unsaved.delete(form);
    const typed = field.value;
    try {
      const answer = await fetch(form.dataset.autosave, {
        method: "POST",
        keepalive,
        headers: { "Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": token(form) },
        body: new URLSearchParams({ text: typed }),
      });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const words = await answer.text();
      if (field.value === typed) local.drop(draftKey(form, field));
      const shown = find("[data-saved]", form);
      if (shown && typed.trim()) shown.textContent = words;
    } catch {
      if (document.contains(form)) unsaved.add(form); // the next round tries again; the browser still has it
    }
  };
  setInterval(() => unsaved.forEach((form) => (document.contains(form) ? saveDraft(form) : unsaved.delete(form))), EVERY);
  // What is on its way is no draft any more, unless it does not arrive.
  const formOf = (element) => element.closest?.("form[data-autosave]");
  document.addEventListener("submit", (event) => unsaved.delete(event.target), true);
  document.addEventListener("htmx:beforeRequest", (event) => unsaved.delete(formOf(event.detail.elt)));
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = formOf(event.detail.elt);
    if (form && !event.detail.successful && document.contains(form)) unsaved.add(form);
  });
  addEventListener("pagehide", () => unsaved.forEach((form) => saveDraft(form, true)));

  // --- Counting, searching ready-made replies ---------------------------------------------------------------------------
  const lengthOf = (field) => {
    const shown = document.getElementById(field.dataset.count);
    if (shown) shown.textContent = `${field.value.length.toLocaleString(document.documentElement.lang)} / ${Number(field.maxLength).toLocaleString(document.documentElement.lang)}`;
  };
  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase();
  const filter = (field) => {
    const wanted = folded(field.value.trim());
    for (const item of all("li", document.getElementById(field.dataset.filter))) {
      item.hidden = !folded(item.textContent).includes(wanted);
    }
  };

  let typedAt = 0;
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.matches("textarea")) typedAt = Date.now();
    const form = field.closest("form[data-autosave]");
    if (form && field.matches("textarea")) unsaved.add(form);
    if (field.dataset.count) lengthOf(field);
    if (field.dataset.filter) filter(field);
    if (field.dataset.mentions) mention(field);
  });

  // --- Mentions: a list opens after an @ --------------------------------------------------------------------------------
  let open = null; // {field, list, at, chosen}
  const closeList = () => {
    open?.list.remove();
    open?.field.removeAttribute("aria-activedescendant");
    open?.field.removeAttribute("aria-controls");
    open = null;
  };
  const choose = (index) => {
    open.chosen = index;
    [...open.list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === index)));
    open.field.setAttribute("aria-activedescendant", `mention-${index}`);
  };
  const put = (username) => {
    const { field, at } = open;
    field.setRangeText(`@${username} `, at, field.selectionStart, "end");
    closeList();
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const mention = async (field) => {
    const before = field.value.slice(0, field.selectionStart);
    const found = /(?:^|[\s(])@([\p{L}\w.+-]{0,30})$/u.exec(before);
    if (!found) return closeList();
    const at = before.length - found[1].length - 1;
    let people = [];
    try {
      const answer = await fetch(`${field.dataset.mentions}?q=${encodeURIComponent(found[1])}`);
      people = answer.ok ? (await answer.json()).people : [];
    } catch {
      return closeList();
    }
    if (field.value.slice(0, field.selectionStart) !== before) return; // typed on meanwhile
    closeList();
    if (!people.length) return;
    const list = document.createElement("ul");
    list.className = "mention-list";
    list.id = "mention-list";
    list.setAttribute("role", "listbox");
    people.forEach((person, index) => {
      const item = document.createElement("li");
      item.id = `mention-${index}`;
      item.setAttribute("role", "option");
      item.textContent = `${person.name} @${person.username}`;
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        put(person.username);
      });
      list.append(item);
    });
    field.after(list);
    field.setAttribute("aria-controls", "mention-list");
    open = { field, list, at, people, chosen: 0 };
    choose(0);
  };
  document.addEventListener("focusout", (event) => event.target === open?.field && closeList());

  // --- Presence ----------------------------------------------------------------------------------------------------------
  const TYPING = 12000;
  document.addEventListener("htmx:configRequest", (event) => {
    if ("presence" in event.detail.elt.dataset && Date.now() - typedAt < TYPING) event.detail.parameters.set("typing", "1");
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if ("presence" in event.detail.elt.dataset && document.hidden) event.preventDefault();
  });

  // --- Photos, printing ---------------------------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-photo], [data-print]");
    if (!target) return;
    if ("print" in target.dataset) return print();
    const field = document.getElementById(target.dataset.photo);
    if (!field) return;
    event.preventDefault();
    field.dataset.send = "yes"; // straight from the camera: nothing more to press
    field.click();
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.dataset.send && field.files.length) {
      delete field.dataset.send;
      field.form.requestSubmit();
    }
    if ("countFiles" in field.dataset) {
      const words = find("span", field.labels[0]);
      words.dataset.words ??= words.textContent;
      words.textContent = field.files.length ? `${words.dataset.words} (${field.files.length})` : words.dataset.words;
    }
  });

  // --- Progress and focus -------------------------------------------------------------------------------------------------
  const focused = new WeakMap(); // by request: where the focus was when it began
  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt, xhr } = event.detail;
    if (elt.matches("a, button")) elt.setAttribute("aria-busy", "true");
    const at = document.activeElement;
    if (at && at !== document.body && !("presence" in elt.dataset)) focused.set(xhr, { id: at.id, verb: at.dataset.verb });
  });
  document.addEventListener("htmx:afterRequest", (event) => event.detail.elt.removeAttribute?.("aria-busy"));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { elt } = event.detail.requestConfig ?? {};
    const form = elt?.matches?.("button") && elt.closest("form[data-draft]");
    if (form && event.detail.xhr.status < 400) all("textarea[name]", form).forEach((field) => local.drop(draftKey(form, field)));
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const { target, xhr } = event.detail;
    const before = focused.get(xhr);
    if (!before || document.activeElement !== document.body || find("dialog[open]")) return;
    const root = document.contains(target) ? target : find("#ticket, #preview");
    const next =
      (before.id && document.getElementById(before.id)) ||
      (before.verb && find(`[data-verb="${before.verb}"]`, root)) ||
      find("#ticket [data-verb], #preview [data-verb]") ||
      find("#preview, #main");
    if (next && !next.matches("a, button, input, textarea, select, summary")) next.tabIndex = -1;
    next?.focus({ preventScroll: true });
  });

  // --- Forms that appear ---------------------------------------------------------------------------------------------------
  const prepare = (root) => {
    for (const part of within(root, "[data-scripted]")) part.hidden = false;
    for (const form of within(root, "form[data-autosave]")) {
      const field = find("textarea[name=text]", form);
      const kept = field && local.get(draftKey(form, field));
      if (kept && kept !== field.value) {
        field.value = kept;
        unsaved.add(form);
      }
      field?.setSelectionRange(field.value.length, field.value.length);
    }
    for (const field of within(root, "textarea[data-count]")) lengthOf(field);
  };
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  document.addEventListener("htmx:afterSwap", (event) => event.detail.target.id === "drawer" && prepare(event.detail.target));

  // --- Keys ------------------------------------------------------------------------------------------------------------------
  // By the place of the key, not its letter: Vietnamese input methods rewrite letters.
  const VERBS = {
    KeyB: ["start"],
    KeyY: ["approve"],
    KeyM: ["link", "unlink"],
    KeyE: ["extend"],
    KeyU: ["urge"],
    ...(find("#queue-list") ? {} : { KeyV: ["claim"] }), // in the list it claims the row one is at
  };
  const place = () => {
    const preview = find("#preview");
    return preview?.offsetParent ? preview : find("#ticket");
  };
  const press = (verbs) => {
    for (const verb of verbs) {
      const button = find(`[data-verb="${verb}"]`, place());
      if (button) return button.click();
    }
  };
  const menu = () => {
    const details = find(".actions [data-menu]", place());
    if (!details) return;
    details.open = true;
    find(".menu-list a, .menu-list button", details)?.focus();
  };
  const KEYS = {
    KeyW: () => find("#follow-b")?.click(),
    KeyI: () => find("[data-key=handover]")?.click(),
    KeyA: () => find("#photo-file")?.click(),
    Period: menu,
  };
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing) return;
      if (open && event.target === open.field) {
        const last = open.people.length - 1;
        const move = { ArrowDown: Math.min(open.chosen + 1, last), ArrowUp: Math.max(open.chosen - 1, 0) }[event.key];
        if (move !== undefined) choose(move);
        else if (event.key === "Enter" || event.key === "Tab") put(open.people[open.chosen].username);
        else if (event.key === "Escape") closeList();
        else return;
        event.preventDefault();
        event.stopPropagation();
        return;
      }
      const item = event.target.closest?.(".menu-list a, .menu-list button");
      if (item && ["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) {
        const details = item.closest("[data-menu]");
        const items = all(".menu-list a, .menu-list button", details);
        const by = event.key === "ArrowDown" ? 1 : -1;
        event.preventDefault();
        if (event.key === "Escape") {
          details.open = false;
          find("summary", details).focus();
        } else items[(items.indexOf(item) + by + items.length) % items.length].focus();
        return;
      }
      if (event.target.dataset?.filter && event.key === "Enter") event.preventDefault(); // it searches, it does not send
    },
    true,
  );
  document.addEventListener("single-key", (event) => {
    const { code, shiftKey } = event.detail; // app.js has found that nobody is typing
    const action = KEYS[code] ?? (VERBS[code] && (() => press(VERBS[code])));
    if (!action || shiftKey || !place()) return;
    event.preventDefault();
    action();
  });

  prepare(document.body);
})();
