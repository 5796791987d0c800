// What the list does beyond links and forms: choosing rows, keeping one's place, telling the server which rows it shows.
// Without this file rows are chosen one by one, the bar offers every action, and the browser remembers less.
(() => {
  "use strict";
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const boxes = () => all(".tk-check");
  const chosen = () => boxes().filter((box) => box.checked);
  const bulk = () => find("#bulk");

  // --- Choosing rows ------------------------------------------------------------------------------------------------
  let last = null;
  const refresh = () => {
    const bar = bulk();
    if (!bar) return;
    const boxesNow = boxes();
    const rows = boxesNow.filter((box) => box.checked).map((box) => box.closest(".tk"));
    const whole = bar.elements.all?.checked;
    const count = find("[data-count]", bar);
    const words = rows.length === 1 ? count.dataset.one : count.dataset.many.replace("{count}", rows.length);
    if (count.textContent !== words) count.textContent = words;
    const verbs = rows.map((row) => new Set(row.dataset.verbs.split(" ")));
    let offered = 0;
    for (const button of all("[data-verb]", bar)) {
      button.hidden = !whole && !verbs.every((possible) => possible.has(button.dataset.verb));
      offered += button.hidden ? 0 : 1;
    }
    find(".bulk-none", bar).hidden = offered > 0;
    find(".bulk-all", bar).hidden = boxesNow.length !== rows.length && !whole;
    const head = find("#check-all");
    if (head) {
      head.hidden = false;
      head.checked = rows.length > 0 && rows.length === boxesNow.length;
      head.indeterminate = rows.length > 0 && rows.length < boxesNow.length;
    }
  };
  const choose = (box, on, isRange) => {
    const list = boxes();
    const from = list.indexOf(last);
    const to = list.indexOf(box);
    const range = isRange && from >= 0 ? list.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    for (const one of range) one.checked = on;
    last = box;
    if (!on && bulk()?.elements.all) bulk().elements.all.checked = false;
    refresh();
  };
  const chooseNone = () => {
    bulk()?.reset();
    for (const box of boxes()) box.checked = false;
    last = null;
    refresh();
  };
  document.addEventListener("click", (event) => {
    if (event.target.matches(".tk-check")) choose(event.target, event.target.checked, event.shiftKey);
    if (event.target.id === "check-all") {
      for (const box of boxes()) box.checked = event.target.checked;
      if (!event.target.checked && bulk().elements.all) bulk().elements.all.checked = false;
      refresh();
    }
  });
  document.addEventListener("change", (event) => event.target.name === "all" && refresh());
  document.addEventListener("reset", (event) => event.target.id === "bulk" && setTimeout(chooseNone));

  // --- Keys that belong to the list (app.js has found that nobody is typing) -------------------------------------------
  const currentRow = () => document.activeElement.closest?.(".tk") ?? find(".tk:has(.tk-title[aria-current])") ?? find(".tk");
  document.addEventListener("single-key", (event) => {
    const { code, shiftKey } = event.detail;
    if (code === "KeyX") {
      const box = find(".tk-check", currentRow() ?? document);
      if (!box) return;
      choose(box, shiftKey || !box.checked, shiftKey);
      find(".tk-title", box.closest(".tk")).focus();
    } else if (code === "KeyA" && shiftKey) find("#check-all")?.click();
    else if (code === "KeyV") (find(".tk-claim", currentRow() ?? document) ?? find('#preview [data-verb="claim"]'))?.click();
    else if (code === "Escape" && chosen().length) chooseNone();
    else return;
    event.preventDefault();
  });

  // --- Rows that change where they stand --------------------------------------------------------------------------------
  let checkedBefore = false;
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    checkedBefore = Boolean(find(".tk-check", event.detail.target)?.checked);
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const row = document.getElementById(event.detail.target.id);
    if (!row?.matches(".tk")) return;
    if (checkedBefore) find(".tk-check", row).checked = true;
    const shown = find("#preview[data-ticket]");
    if (shown && row.id === `tk-${shown.dataset.ticket}`) find(".tk-title", row).setAttribute("aria-current", "true");
    refresh();
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target.id !== "fresh") return;
    event.detail.parameters.shown = all(".tk").slice(-400).map((row) => row.id.slice(3)).join(",");
  });

  // --- A job that is done has changed the list --------------------------------------------------------------------------
  let isStale = false;
  document.addEventListener("htmx:afterSwap", () => {
    if (find("#drawer [data-reload]")) isStale = true;
    refresh();
  });
  document.addEventListener("close", (event) => event.target.id === "drawer" && isStale && location.reload(), true);

  // --- What is being typed goes along ------------------------------------------------------------------------------------
  // While one types, the server sends the list and not the frame around it: its counts do not depend on what is searched.
  const carry = (query, typed) => {
    const params = new URLSearchParams(query);
    if (typed) params.set("q", typed);
    else params.delete("q");
    return params.toString();
  };
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.requestConfig?.elt?.id !== "q") return;
    const typed = find("#q").value.trim();
    all("#views a.view:not(.saved a), .queue-head .menu-list a").forEach((link) => {
      const [path, query] = link.getAttribute("href").split("?");
      link.setAttribute("href", `${path}?${carry(query, typed)}`);
    });
    all("#save-view [name=list], .queue-head .menu-list [name=list]").forEach((input) => {
      input.value = carry(input.value, typed);
    });
  });

  // --- One's place in the list -------------------------------------------------------------------------------------------
  const FRESH_FOR = 30 * 60 * 1000;
  const key = () => {
    const params = new URLSearchParams(location.search);
    for (const name of ["ticket", "after"]) params.delete(name);
    return `place:${params}`;
  };
  const list = () => find("#queue-list");
  const keep = () => {
    const rows = all(".tk");
    if (!list() || !rows.length) return;
    const edge = list().getBoundingClientRect().top;
    const first = rows.find((row) => row.getBoundingClientRect().bottom > edge);
    const place = {
      rows: rows.length,
      first: first?.id,
      offset: first ? first.getBoundingClientRect().top - edge : 0,
      top: list().scrollTop,
      focused: document.activeElement.closest?.(".tk")?.id,
      at: Date.now(),
    };
    try {
      sessionStorage.setItem(key(), JSON.stringify(place));
    } catch {
      // storage switched off: the list begins at its top
    }
  };
  const kept = () => {
    try {
      const place = JSON.parse(sessionStorage.getItem(key()) ?? "null");
      return place && Date.now() - place.at < FRESH_FOR ? place : null;
    } catch {
      return null;
    }
  };
  const restore = async () => {
    const how = performance.getEntriesByType("navigation")[0]?.type;
    const comesBack = how === "back_forward" || how === "reload" || document.referrer.includes("/tickets/");
    const place = comesBack ? kept() : null;
    if (!place || !list()) return;
    for (let more = find(".more"); more && all(".tk").length < place.rows; more = find(".more")) {
      await window.htmx.ajax("GET", more.getAttribute("hx-get"), { source: more, target: more, swap: "outerHTML" });
      if (document.contains(more)) break;
    }
    const first = place.first && document.getElementById(place.first);
    if (first) list().scrollTop += first.getBoundingClientRect().top - list().getBoundingClientRect().top - place.offset;
    else list().scrollTop = place.top;
    if (place.focused) find(".tk-title", document.getElementById(place.focused) ?? list())?.focus({ preventScroll: true });
  };
  addEventListener("pagehide", keep);

  document.addEventListener("DOMContentLoaded", () => {
    refresh();
    restore();
  });
})();
