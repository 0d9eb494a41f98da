/**
 * The order in which libstdc++'s `std::sort` leaves elements that compare equal.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** Runs up to this length are left to the insertion sort. */
const shortRun = 16;

/**
 * Sorts in place as `std::sort` does: median-of-three partitions down to short runs, then an insertion sort over all, which
 * keeps the order of equals. (A heap sort, in place of partitions gone bad, is left out: a few dozen elements have none.)
 *
 * @param before whether a comes before b
 */
export function introsort<T>(items: T[], before: (a: T, b: T) => boolean): void {
  partitionRuns(items, 0, items.length, before);
  items.sort((a, b) => before(a, b) ? -1 : before(b, a) ? 1 : 0);
}

function partitionRuns<T>(items: T[], first: number, last: number, before: (a: T, b: T) => boolean): void {
  while (last - first > shortRun) {
    const cut = partition(items, first, last, before);
    partitionRuns(items, cut, last, before);
    last = cut;
  }
}

/** Puts what comes before a pivot in front; gives the first place behind. */
function partition<T>(items: T[], first: number, last: number, before: (a: T, b: T) => boolean): number {
  const middle = first + ((last - first) >> 1);
  swap(items, first, median(items, first + 1, middle, last - 1, before));
  let low = first + 1, high = last;
  while (true) {
    while (before(items[low], items[first])) low++;
    high--;
    while (before(items[first], items[high])) high--;
    if (low >= high) return low;
    swap(items, low, high);
    low++;
  }
}

/** The place of the middle one of three; which of equal ones is part of the order. */
function median<T>(items: T[], a: number, b: number, c: number, before: (a: T, b: T) => boolean): number {
  if (before(items[a], items[b])) {
    return before(items[b], items[c]) ? b : before(items[a], items[c]) ? c : a;
  }
  return before(items[a], items[c]) ? a : before(items[b], items[c]) ? c : b;
}

function swap<T>(items: T[], i: number, j: number): void {
  [items[i], items[j]] = [items[j], items[i]];
}
