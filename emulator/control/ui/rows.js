// The exchanges that the page knows, in the order of the journal: at most MOST, so that a page that stays open for days
// stays small.

export const MOST = 10_000;

export class Rows {
  constructor(most = MOST) {
    this.most = most;
    this.clear();
  }

  clear() {
    this.all = [];
    this.places = new Map(); // number of an exchange → its place in the journal
    this.from = 0; // rows up to this place were let go
  }

  get length() {
    return this.all.length;
  }

  at(index) {
    return this.all[index];
  }

  /** The index of an exchange, or -1. */
  indexOf(number) {
    const place = this.places.get(number);
    return place === undefined ? -1 : this.search(place);
  }

  /** Where a place is, or would have to be. */
  search(place) {
    let [low, high] = [0, this.all.length];
    if (high && this.all[high - 1].place < place) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.all[middle].place < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Adds rows, or replaces what was known of them. Returns how many are new, and how many were let go. */
  put(batch) {
    let added = 0;
    for (const row of batch) {
      if (row.place <= this.from) continue;
      const index = this.search(row.place);
      if (this.all[index]?.place === row.place) {
        this.all[index] = row;
      } else {
        this.all.splice(index, 0, row);
        this.places.set(row.number, row.place);
        added++;
      }
    }
    return { added, removed: this.trim() };
  }

  /** Takes out the rows of these places. */
  take(places) {
    for (const place of places) {
      const index = this.search(place);
      if (this.all[index]?.place === place) this.places.delete(this.all.splice(index, 1)[0].number);
    }
  }

  trim() {
    const removed = this.all.length - this.most;
    if (removed <= 0) return 0;
    for (const row of this.all.splice(0, removed)) {
      this.places.delete(row.number);
      this.from = row.place;
    }
    return removed;
  }
}
