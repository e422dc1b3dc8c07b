// What is pressed: until it is let go nothing is drawn again, or the click would go to an element that is no more.

const PRESSED = "a, button, label, summary, .row"; // a scroll bar that is dragged must not hold the list
let held = false;
const waiting = [];

/** Calls `work` at once, or when what is pressed has been let go, behind the click that follows. */
export function unpressed(work) {
  if (held) waiting.push(work);
  else work();
}

const press = (event) => {
  if (event.target.closest?.(PRESSED)) held = true;
};

function release() {
  setTimeout(() => {
    held = false;
    for (const work of waiting.splice(0)) unpressed(work);
  });
}

document.addEventListener("pointerdown", press, true);
document.addEventListener("keydown", (event) => event.key === " " && press(event), true);
for (const name of ["pointerup", "pointercancel", "keyup", "blur"])
  addEventListener(name, () => held && release(), true);
// A button that is let go outside of the window is never reported.
addEventListener("pointermove", (event) => held && event.pointerType === "mouse" && !event.buttons && release(), true);
