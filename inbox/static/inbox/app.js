// What the pages do beyond plain links and forms: dialogs, menus, toasts, keyboard, drafts. Every page works without
// this file; nothing is decided here and no data is kept except drafts of texts and the choice about single keys.
(() => {
  "use strict";
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isShown = (element) => Boolean(element && element.offsetParent !== null);
  const stored = {
    get: (key) => {
      try {
        return localStorage.getItem(key);
      } catch {
        return null; // storage switched off
      }
    },
    set: (key, value) => {
      try {
        if (value) localStorage.setItem(key, value);
        else localStorage.removeItem(key);
      } catch {
        // not kept
      }
    },
  };

  // --- Dialogs and menus --------------------------------------------------------------------------------------------
  let opener = null;
  const drawer = () => find("#drawer");
  const closeDrawer = () => drawer()?.open && drawer().close();

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-open], [data-close], [data-dismiss], [data-back], [data-copy], [data-show-password]");
    for (const menu of all("[data-menu][open]")) {
      if (!menu.contains(event.target) || event.target.closest(".menu-list a, .menu-list button")) menu.open = false;
    }
    if (!target) return;
    if (target.dataset.open) find(`#${target.dataset.open}`)?.showModal();
    if ("close" in target.dataset && target.closest("dialog")) {
      event.preventDefault();
      target.closest("dialog").close();
    }
    if ("dismiss" in target.dataset) target.closest("[data-toast]").remove();
    if ("back" in target.dataset && document.referrer.startsWith(`${location.origin}/inbox/`)) {
      event.preventDefault();
      history.back(); // to the list as it was, with its filters and place
    }
    if (target.dataset.copy) copy(target);
    if (target.dataset.showPassword) showPassword(target);
  });

  const copy = async (button) => {
    const text = find(`#${button.dataset.copy}`);
    try {
      await navigator.clipboard.writeText(text.textContent);
      find("use", button)?.setAttribute("href", find("use", button).getAttribute("href").replace(/#.*/, "#check"));
    } catch {
      getSelection().selectAllChildren(text); // copying is not allowed on plain http: select it instead
    }
  };

  const showPassword = (button) => {
    const field = find(`#${button.dataset.showPassword}`);
    const show = field.type === "password";
    field.type = show ? "text" : "password";
    button.setAttribute("aria-pressed", String(show));
  };

  // --- Toasts: successes go after a while, errors stay ------------------------------------------------------------------
  const LONG_ENOUGH = 6000;
  const UNDO_FOR = 10000; // as long as the shrinking bar takes
  const settle = (toast) => {
    if (toast.dataset.toast !== "ok" || toast.dataset.timed) return;
    toast.dataset.timed = "yes";
    const length = "undo" in toast.dataset ? UNDO_FOR : LONG_ENOUGH;
    const leave = (wait) => setTimeout(() => (toast.matches(":hover, :focus-within") ? leave(1000) : toast.remove()), wait);
    leave(length);
  };
  const settleAll = () => all("#toasts [data-toast]").forEach(settle);
  const toast = (template) => {
    const toasts = find("#toasts");
    toasts.append(find(template).content.cloneNode(true));
    while (toasts.children.length > 4) toasts.firstElementChild.remove();
  };

  // --- Drafts: what was typed survives a closed drawer, a conflict and a lost connection --------------------------------
  const draftKey = (form, field) => `draft:${form.dataset.draft}:${field.name}`;
  const draftFields = (form) => all("textarea[name]", form);
  const restoreDrafts = (root) => {
    for (const form of all("form[data-draft]", root)) {
      for (const field of draftFields(form)) field.value ||= stored.get(draftKey(form, field)) ?? "";
    }
  };
  const forgetDrafts = (form) => draftFields(form).forEach((field) => stored.set(draftKey(form, field), ""));
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-draft]");
    if (form && event.target.matches("textarea")) stored.set(draftKey(form, event.target), event.target.value);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form[data-draft]:not([hx-post])")) forgetDrafts(form);
    if (form.method === "post" && !form.hasAttribute("hx-post")) {
      setTimeout(() => all("button", form).forEach((button) => (button.disabled = true))); // one press is enough
    }
  });

  // --- htmx -------------------------------------------------------------------------------------------------------------
  const current = (row) => {
    for (const link of all(".tk-title[aria-current]")) link.removeAttribute("aria-current");
    row?.setAttribute("aria-current", "true");
  };
  const markShown = () => {
    const shown = find("#preview[data-ticket]");
    if (shown) current(find(`#tk-${shown.dataset.ticket} .tk-title`));
  };
  const isRead = (row) => {
    const item = row.closest(".tk");
    item.classList.remove("unread");
    all(".dot, .dot + .visually-hidden", item).forEach((mark) => mark.remove());
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    const link = event.detail.elt;
    if (link.matches(".tk-title") && !isShown(find("#preview"))) {
      event.preventDefault(); // a phone has no room for the preview
      location.assign(link.href);
    }
    if (event.detail.target?.id === "drawer" && link.matches("a, button")) opener = link;
    if (link.matches("form")) all("button[type=submit]", link).forEach((button) => button.setAttribute("aria-busy", "true"));
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const source = event.detail.elt;
    if (source.matches?.("form")) all("[aria-busy]", source).forEach((button) => button.removeAttribute("aria-busy"));
    if (!event.detail.successful) return;
    if (source.matches?.(".tk-title")) {
      current(source);
      isRead(source);
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (target.id === "preview") markShown(); // an act on another row has brought its ticket here
    if (target.id === "drawer" && target.childElementCount) {
      if (!target.open) target.showModal();
      restoreDrafts(target);
      (find("[aria-invalid=true]", target) ?? find("[autofocus]", target) ?? find("[data-close]", target))?.focus();
    }
  });
  document.addEventListener("htmx:load", (event) => {
    restoreDrafts(event.detail.elt);
    settleAll();
    prepare(event.detail.elt);
  });
  document.addEventListener("ticket-changed", () => {
    closeDrawer();
    if (find("#views")) {
      window.htmx.ajax("GET", location.href, { target: "#views", select: "#views", swap: "outerHTML", source: "#views" });
    }
  });
  for (const failure of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(failure, (event) => {
      if (event.detail.requestConfig?.verb !== "get") toast("#toast-failed");
    });
  }
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (xhr.status === 404 && requestConfig?.verb === "get") location.reload();
    else if (requestConfig?.verb !== "get") toast(xhr.status >= 500 ? "#toast-failed" : "#toast-refused");
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const source = event.detail.requestConfig?.elt;
    // Before the swap: the new form must not find the draft of what has just been sent.
    if (source?.matches("form[data-draft]") && event.detail.xhr.status < 400) forgetDrafts(source);
    // A session that has ended answers with the login page: show it whole instead of inside a pane.
    if (new URL(event.detail.xhr.responseURL || location.href).pathname === "/login/") {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
  document.addEventListener(
    "close",
    (event) => {
      if (event.target.id !== "drawer") return;
      event.target.replaceChildren();
      (document.contains(opener) ? opener : find("#preview, #main"))?.focus();
    },
    true,
  );

  // --- Parts that need a nudge when they appear ---------------------------------------------------------------------------
  const NARROW = 700;
  const prepare = (root) => {
    if (innerWidth < NARROW) all("[data-wide-only]", root).forEach((details) => (details.open = false));
    for (const section of [root, ...all("[data-hide-after]", root)].filter((part) => part.dataset?.hideAfter)) {
      setTimeout(() => document.contains(section) && location.replace(section.dataset.hideTo), 1000 * Number(section.dataset.hideAfter));
    }
  };

  // --- Keyboard -------------------------------------------------------------------------------------------------------------
  // By the place of the key, not its letter: Vietnamese input methods rewrite letters.
  const VERBS = { KeyT: ["accept"], KeyP: ["assign"], KeyC: ["transfer"], KeyD: ["pause", "resume"], KeyR: ["resolve", "reply"] };
  const GO = { KeyH: "/inbox/", KeyT: "/dashboard/", KeyS: "/sources/" };
  let going = 0;

  const rows = () => all(".tk-title");
  const step = (by) => {
    const list = rows();
    if (!list.length) return find(`[data-neighbours] [rel=${by > 0 ? "next" : "prev"}]`)?.click();
    const at = list.indexOf(document.activeElement.closest?.(".tk-title") ?? find(".tk-title[aria-current]"));
    const next = list[Math.min(Math.max(at + by, 0), list.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
    clearTimeout(step.timer);
    if (next && isShown(find("#preview"))) step.timer = setTimeout(() => next.click(), 150);
  };
  const openPage = () => {
    const link = find("#preview [data-full]") ?? document.activeElement.closest?.(".tk-title");
    if (link) location.assign(link.href);
  };
  const KEYS = {
    KeyJ: () => step(1),
    KeyK: () => step(-1),
    KeyO: openPage,
    KeyF: () => {
      const filters = find("#filters");
      if (filters) filters.open = !filters.open;
    },
    KeyN: () => (find("#bulk [data-verb=add_note]") && isShown(find("#bulk")) ? pressVerb(["add_note"]) : find("#note")?.focus()),
    KeyZ: () => all("#toasts .undo button").at(-1)?.click(),
    KeyG: () => {
      going = Date.now();
    },
    Slash: (event) => (event.shiftKey ? find("#shortcuts")?.showModal() : find("#q")?.focus()),
  };
  const pressVerb = (verbs) => {
    const preview = find("#preview") && isShown(find("#preview")) ? find("#preview") : find("#ticket");
    const root = isShown(find("#bulk")) ? find("#bulk") : preview; // chosen tickets come before the one that is shown
    for (const verb of verbs) {
      const button = root && find(`[data-verb="${verb}"]:not([hidden])`, root);
      if (button) return button.click();
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey) return;
    const field = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (event.code === "Enter" && (event.ctrlKey || event.metaKey) && field?.form) {
      event.preventDefault();
      field.form.requestSubmit();
      return;
    }
    if (field || event.ctrlKey || event.metaKey || find("dialog[open]") || stored.get("single-keys") === "off") return;
    if (Date.now() - going < 1500 && GO[event.code]) return location.assign(GO[event.code]);
    const view = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    if (view) return find(`[data-view="${view[1]}"]`)?.click();
    const action = KEYS[event.code] ?? (VERBS[event.code] && (() => pressVerb(VERBS[event.code])));
    if (action) {
      event.preventDefault();
      action(event);
    } else {
      const { code, shiftKey } = event; // a page may have keys of its own
      const own = new CustomEvent("single-key", { detail: { code, shiftKey }, cancelable: true });
      if (!document.dispatchEvent(own)) event.preventDefault();
    }
  });
  const toggleKeys = find("[data-shortcuts-toggle]");
  const showKeys = () => toggleKeys?.setAttribute("aria-pressed", String(stored.get("single-keys") === "off"));
  toggleKeys?.addEventListener("click", () => {
    stored.set("single-keys", stored.get("single-keys") === "off" ? "" : "off");
    showKeys();
  });

  restoreDrafts(document);
  settleAll();
  prepare(document.body);
  showKeys();
})();
