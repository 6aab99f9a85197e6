// Counts and rates at a threshold, from sorted probabilities; as core/evaluation/metrics.py has them.

const Z = 1.959963984540054;

// How many of the sorted values lie below the threshold.
function countBelow(sorted, threshold) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countCells({ ill, well }, threshold) {
  const fn = countBelow(ill, threshold);
  const tn = countBelow(well, threshold);
  return { tp: ill.length - fn, fn, fp: well.length - tn, tn };
}

function ratesOf({ tp, fn, fp, tn }) {
  return [
    [msg("Sensitivity"), wilson(tp, tp + fn)],
    [msg("Specificity"), wilson(tn, tn + fp)],
    [msg("PPV"), wilson(tp, tp + fp)],
    [msg("NPV"), wilson(tn, tn + fn)],
  ];
}

// E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
function wilson(count, n) {
  if (n === 0) return { value: NaN, low: 0, high: 1, n };
  const p = count / n;
  const middle = (p + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half = (Z / (1 + (Z * Z) / n)) * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  return { value: p, low: Math.max(0, middle - half), high: Math.min(1, middle + half), n };
}
