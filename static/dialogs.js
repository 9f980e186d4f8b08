// <dialog open data-modal>, in the page or put there by htmx, is shown as a modal one. If it has an address of its own
// (data-title data-back="the address without it" data-title-back), closing it takes the address and the title back;
// going back or forth closes or shows it.
"use strict";

(() => {
  const find = () => document.querySelector("dialog[data-modal]");

  const show = () => {
    const dialog = find();
    if (!dialog || dialog.matches(":modal")) return;
    dialog.removeAttribute("open"); // as it stands without scripts
    dialog.showModal();
    const { title, titleBack } = dialog.dataset;
    if (title) document.title = title;
    // It is closed by Escape, by a click beside it, by its button, and by going back: only the last has an address yet.
    dialog.addEventListener("close", () => {
      if (dialog.dataset.back && !("left" in dialog.dataset)) history.pushState({ htmx: true }, "", dialog.dataset.back);
      if (titleBack) document.title = titleBack;
      dialog.remove();
    });
  };

  const isOrdinary = (event) => !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-closes-dialog]");
    if (!link || !find() || !isOrdinary(event)) return;
    event.preventDefault();
    find().close();
  });

  document.addEventListener("htmx:before:history:restore", (event) => {
    const dialog = find();
    if (!dialog || event.detail.path !== dialog.dataset.back) return;
    event.preventDefault(); // the list is still there
    dialog.dataset.left = "";
    dialog.close();
  });

  document.addEventListener("htmx:after:swap", show);
  show();
})();
