// Chooses light or dark before the first paint: what the person chose here, else what the system prefers.
(() => {
  "use strict";
  const KEY = "mot-moi-theme"; // the administrators' site keeps its own choice under "theme"
  const preferred = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const chosen = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage switched off: follow the system
    }
  };
  const root = document.documentElement;
  root.dataset.bsTheme = chosen() ?? preferred();

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, root.dataset.bsTheme);
    } catch {
      // not remembered, but changed
    }
  });
})();
