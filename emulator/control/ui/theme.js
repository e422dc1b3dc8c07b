// Dark or light: as the system says, until somebody chooses.

import { byId, fill } from "./dom.js";

const NAME = "emulator-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

export function start() {
  const apply = (chosen) => {
    if (chosen) document.documentElement.dataset.theme = chosen;
    fill(byId("theme"), isDark() ? "☀" : "☾");
  };
  apply(localStorage.getItem(NAME));
  dark.addEventListener("change", () => apply(null));
  byId("theme").addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    localStorage.setItem(NAME, chosen);
    apply(chosen);
  });
}

const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
