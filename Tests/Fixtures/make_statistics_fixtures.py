"""Statistics by SciPy and NumPy, for EvaluationTests.

Writes statistics.json beside itself. Made with scipy 1.17.1 and numpy 2.4.6:
    pip install scipy numpy; python make_statistics_fixtures.py
Bootstrap cases keep the indices that NumPy drew, so that intervals agree to the last digits and not only on average.
"""

import json
from pathlib import Path

import numpy as np
from scipy import stats

random = np.random.default_rng(7)


def bootstrap(values, statistic, confidence, resamples=400):
    values = np.asarray(values)
    case = {"values": values.tolist(), "statistic": statistic, "confidence": confidence}
    function = {"mean": np.mean, "median": np.median}[statistic]
    for method, name in [("percentile", "percentile"), ("BCa", "corrected")]:
        result = stats.bootstrap(
            (values,), function, n_resamples=resamples, confidence_level=confidence, method=method,
            rng=np.random.default_rng(1), vectorized=True, batch=resamples)
        case[name] = [result.confidence_interval.low, result.confidence_interval.high]
    # What SciPy draws from a generator of the same seed.
    indices = np.random.default_rng(1).integers(0, len(values), (resamples, len(values)))
    assert np.array_equal(np.sort(function(values[indices], axis=1)), np.sort(result.bootstrap_distribution))
    case["indices"] = indices.tolist()
    return case


def interquartile(scores, resamples=300):
    """Scores by task and run, as in rliable: runs are resampled within each task."""
    tasks, runs = scores.shape
    indices = random.integers(0, runs, (resamples, tasks, runs))
    distribution = [stats.trim_mean(np.take_along_axis(scores, rows, axis=1), 0.25, axis=None) for rows in indices]
    return {
        "scores": scores.tolist(), "value": stats.trim_mean(scores, 0.25, axis=None),
        "spread": float(np.std(distribution)),
        "interval": np.percentile(distribution, [2.5, 97.5]).tolist(),
    }


def wilcoxon(differences):
    differences = np.asarray(differences, dtype=float)
    nonzero = differences[differences != 0]
    ranks = stats.rankdata(np.abs(nonzero))
    if len(nonzero) > 100:
        p = stats.wilcoxon(nonzero, method="asymptotic", correction=False).pvalue
    elif len(set(np.abs(nonzero))) == len(nonzero):
        p = stats.wilcoxon(nonzero, method="exact").pvalue
    else:
        # With ties, over every choice of signs.
        p = stats.wilcoxon(nonzero, method=stats.PermutationMethod(n_resamples=np.inf)).pvalue
    return {
        "differences": differences.tolist(), "positive": ranks[nonzero > 0].sum(),
        "negative": ranks[nonzero < 0].sum(), "p": float(p),
    }


def trend(values):
    steps = np.arange(len(values))
    tau = stats.kendalltau(steps, values, method="asymptotic")
    return {
        "values": list(values), "tau": tau.statistic, "p": tau.pvalue,
        "slope": stats.theilslopes(values, steps).slope,
    }


def profile(costs, limit=4.0):
    """The area by summing a million thin slices, not in closed form."""
    ratios = costs / np.min(costs, axis=0)
    taus = 1 + (limit - 1) * (np.arange(1_000_000) + 0.5) / 1_000_000
    at = [1.0, 1.1, 1.5, 2.0, 3.9]
    return {
        "costs": costs.tolist(), "at": at,
        "shares": [[float(np.mean(row <= tau)) for tau in at] for row in ratios],
        "areas": [float(np.mean(np.searchsorted(np.sort(row), taus, side="right") / len(row))) for row in ratios],
    }


# Multiples of 2^-10, whose sums are exact: a resample of the very same values must have the very same mean.
losses = np.round(1024 * np.exp(random.normal(-1, 0.4, 11))) / 1024
noise = random.normal(0.3, 1, 40)
fixtures = {
    "bootstrap": [
        bootstrap(losses, "mean", 0.95), bootstrap(losses, "median", 0.95), bootstrap(losses[:5], "mean", 0.9),
        bootstrap([1.0, 2.0, 2.0, 3.0, 30.0, 31.0], "mean", 0.8),
    ],
    "interquartile": [interquartile(random.normal(size=(6, 5))), interquartile(random.exponential(size=(3, 7)))],
    "wilcoxon": [
        wilcoxon(noise[:6]), wilcoxon(noise[:10]), wilcoxon(noise), wilcoxon([-1, -2, -3, -4, -5, -6]),
        wilcoxon([0, 0, 1, 1, -1, 2, 3, -3, 0.5, 4]), wilcoxon([2, 2, 2, 2, -2]),
        wilcoxon(random.normal(0.1, 1, 150)), wilcoxon(np.round(random.normal(0.3, 2, 150))),
    ],
    "trend": [
        trend(noise.tolist()), trend((np.arange(30) * 0.05 + random.normal(size=30)).tolist()),
        trend(np.round(5 - np.arange(25) * 0.2 + random.normal(size=25)).tolist()),
    ],
    "profile": [profile(random.integers(20, 100, (4, 22)).astype(float)), profile(random.exponential(size=(3, 5)))],
}
Path(__file__).with_name("statistics.json").write_text(json.dumps(fixtures) + "\n")
