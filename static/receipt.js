// What a receipt offers besides links: printing it, and copying its address. Without scripts there are no buttons for it.
"use strict";

(() => {
  const COPIED_MS = 2000;
  // Browsers let only pages that came over TLS write to the clipboard.
  const offered = navigator.clipboard ? "[data-print], [data-copy]" : "[data-print]";
  const offer = () => document.querySelectorAll(offered).forEach((button) => (button.hidden = false));

  async function copy(button) {
    const label = button.querySelector("span");
    const before = label.textContent;
    await navigator.clipboard.writeText(button.dataset.copy);
    label.textContent = button.dataset.copied;
    setTimeout(() => (label.textContent = before), COPIED_MS);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-print], [data-copy]");
    if (button?.hasAttribute("data-print")) print();
    else if (button) copy(button);
  });
  document.addEventListener("htmx:after:swap", offer);
  offer();
})();
