// Numbers as people read them.

/** 12,345.678 or 0.000024; Intl.NumberFormat takes longer to make than the whole list. */
export function count(number) {
  const digits = number.toFixed(Math.abs(number) < 1 ? 9 : 3).replace(/\.?0+$/, "");
  const [whole, part] = digits.split(".");
  return whole.replace(/\d(?=(\d{3})+$)/g, "$&,") + (part ? `.${part}` : "");
}

/** 312 B, 4.1 kB, 1.0 MB */
export function bytes(size) {
  if (size < 1000) return `${size} B`;
  const at = Math.min(2, Math.floor(Math.log10(size) / 3) - 1);
  return `${(size / 1000 ** (at + 1)).toFixed(1)} ${["kB", "MB", "GB"][at]}`;
}

/** 0.4 ms, 12 ms, 3.42 s, 2 m 05 s, 1 h 00 m */
export function duration(seconds) {
  const sign = seconds < 0 ? "-" : "";
  const length = Math.abs(seconds);
  if (length < 0.001 && length > 0) return `${sign}${(length * 1000).toFixed(1)} ms`;
  if (length < 1) return `${sign}${Math.round(length * 1000)} ms`;
  if (length < 60) return `${sign}${length.toFixed(2)} s`;
  const whole = Math.round(length);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  if (hours >= 48) return `${sign}${Math.floor(hours / 24)} d ${hours % 24} h`;
  return hours ? `${sign}${hours} h ${two(minutes)} m` : `${sign}${minutes} m ${two(rest)} s`;
}

/** 14:03:07.250 of a time in seconds since the epoch; UTC, as the emulator counts. */
export const clockTime = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 23);

/** 2026-01-01 14:03:07.250 UTC */
export const dateTime = (seconds) =>
  `${new Date(seconds * 1000)
    .toISOString()
    .replace("T", " ")
    .replace(/(\.000)?Z/, "")} UTC`;
