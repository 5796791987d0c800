/* Dashboards: a choice takes effect at once; without this the button beside it does it. */
document.documentElement.classList.add("has-autosubmit");
document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-autosubmit]");
  if (field) field.form.requestSubmit();
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.give[open], details.seg-own[open], details.mean[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
