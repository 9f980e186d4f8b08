// A button that may be pressed again only after some seconds counts them down. Without this script the server says so.
"use strict";

(() => {
  const begin = (button) => {
    const words = button.parentElement.querySelector("[data-countdown-words]");
    const left = words?.querySelector("[data-countdown-left]");
    const until = performance.now() + 1000 * Number(button.dataset.countdown);

    const show = () => {
      const seconds = Math.ceil((until - performance.now()) / 1000);
      button.disabled = seconds > 0;
      if (words) words.hidden = seconds <= 0;
      if (seconds <= 0) return;
      if (left) left.textContent = String(seconds);
      setTimeout(show, 250);
    };
    show();
  };

  for (const button of document.querySelectorAll("[data-countdown]")) begin(button);
})();
