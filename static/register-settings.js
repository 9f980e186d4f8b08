// Register settings: counters beside texts, a word before something typed is lost, and the focus after a dialog.
"use strict";

(() => {
  const form = document.getElementById("settings");
  if (!form) return;
  let isTyped = false; // in the panel, and not saved yet
  let isLeaving = false; // by a form that takes everything along

  const isUnsaved = () => isTyped || form.querySelector("[data-unsaved]") !== null;

  // As Python counts: a character outside the first plane is one, and й too, in whatever way it is written.
  const length = (text) => [...text.normalize("NFC")].length;

  form.addEventListener("input", (event) => {
    const field = event.target;
    if (field.closest("#panel")) isTyped = true;
    const counter = field.dataset.counted && form.querySelector(`output[for="${field.id}"]`);
    if (!counter) return;
    counter.value = `${length(field.value)} / ${field.dataset.counted}`;
    counter.classList.toggle("is-over", length(field.value) > Number(field.dataset.counted));
  });

  form.addEventListener("submit", () => {
    isLeaving = true;
  });

  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && isUnsaved()) event.preventDefault();
  });

  // Other registers bring their own texts and switches: what was typed would be lost with the panel.
  document.addEventListener("htmx:before:request", (event) => {
    const { sourceElement, sourceEvent } = event.detail.ctx;
    if (!isTyped || !sourceElement.matches(".settings-choice")) return;
    if (window.confirm(form.dataset.leaving)) isTyped = false;
    else {
      const box = sourceEvent.target;
      box.checked = !box.checked;
      event.preventDefault();
    }
  });

  // The button that opened a dialog was swapped along with it.
  const comeBack = () => {
    const title = document.getElementById("panel-title");
    if (title && document.activeElement === document.body && !document.querySelector("dialog[open]")) title.focus();
  };
  document.addEventListener("htmx:after:swap", comeBack);
  document.addEventListener("close", () => setTimeout(comeBack), true); // once it is gone
})();
