// What a receipt offers besides links: printing it, and copying its address. Without scripts there are no buttons for it.
"use strict";

(() => {
  const COPIED_MS = 2000;
  let usualAgain;
  // Browsers let only pages that came over TLS write to the clipboard.
  const offered = navigator.clipboard ? "[data-print], [data-copy]" : "[data-print]";
  const offer = () => document.querySelectorAll(offered).forEach((button) => (button.hidden = false));

  async function copy(button) {
    const label = button.querySelector("span");
    label.dataset.usual ??= label.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      prompt(label.dataset.usual, button.dataset.copy); // not allowed here: the reader copies it by hand
      return;
    }
    label.textContent = button.dataset.copied;
    clearTimeout(usualAgain);
    usualAgain = setTimeout(() => (label.textContent = label.dataset.usual), COPIED_MS);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-print], [data-copy]");
    if (button?.hasAttribute("data-print")) print();
    else if (button) copy(button);
  });
  document.addEventListener("htmx:after:swap", offer);
  offer();
})();
