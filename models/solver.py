"""LinearSVC's objective for all classes, LANES of them side by side in each pass over the rows.

Dual coordinate descent for L2-regularised, squared-hinge, one-against-rest support vector machines (Hsieh et al.,
"A Dual Coordinate Descent Method for Large-scale Linear SVM", ICML 2008). The classes are fitted LANES at a time: the
weights of a feature then are one line of the cache, a row rests where those classes are as they should be, and parts of
one fit run on several cores.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from models.lanes import LANES, add_rows, room, spread_step
from models.rows import Floats, Integers, Rows

LOOK_AGAIN = 5
"""Every so many passes rows that rest are visited all the same."""

WINDOW, CHUNK = 1 << 15, 1 << 10
"""Rows that are in random order among each other, drawn as chunks of neighbours: a matrix in a file is read in pieces."""

_TOGETHER = 1 << 11
"""Features whose weights are laid side by side at a time: they stay in the cache meanwhile."""

_WHOLE_PASSES = 2
_AT_REST = 0.3
"""Share of the violation to reach, below which a row may rest."""

_NO_CLASS = np.float32(-2.0)
"""The bias of a lane without a class: beyond its margin, so that nothing is to be done there."""


class Weights(NamedTuple):
    """A fitted head: weights float32 [n_features, n_classes], bias float32 [n_classes], and the passes it took."""

    weights: Floats
    bias: Floats
    n_iter: int


class Start(NamedTuple):
    """Where a fit begins that is like one that ended: of the same rows and classes, with somewhat other features.

    alphas: float [n, LANES], the dual variables; violation: that of a pass to stop at.
    """

    alphas: npt.NDArray[np.floating]
    violation: float


class Block(NamedTuple):
    """Up to LANES classes, fitted together.

    classes: int64 [at most LANES]; weights: float32 [n_features, LANES], a lane for each class and nothing of use in
    those that are left; bias: float32 [LANES]; n_iter: the passes it took; end: where it ended.
    """

    classes: Integers
    weights: Floats
    bias: Floats
    n_iter: int
    end: Start

    def margins(self, matrix: Rows, subset: Integers) -> Floats:
        """Margins [len(subset), len(classes)] of some rows."""
        found: Floats = _margins(matrix, np.asarray(subset, np.int64), self.weights, self.bias)
        return found[:, : len(self.classes)]

    def largest(self) -> Floats:
        """The largest weight of each feature, without its sign [n_features]."""
        found: Floats = _largest(self.weights, len(self.classes))
        return found


@compiled()
def _margins(matrix: Rows, rows: Integers, weights: Floats, bias: Floats) -> Floats:
    out = np.empty((len(rows), LANES), np.float32)
    for place in range(len(rows)):
        out[place] = bias
        begin, end = matrix.row_ends[rows[place]], matrix.row_ends[rows[place] + 1]
        add_rows(matrix.values, matrix.columns, begin, end, weights, out[place])
    return out


@compiled()
def _largest(weights: Floats, lanes: int) -> Floats:
    out = np.zeros(len(weights), np.float32)
    for feature in range(len(weights)):
        for lane in range(lanes):
            out[feature] = max(out[feature], abs(weights[feature, lane]))
    return out


@compiled()  # without fastmath: the compiler's choice between a vector and a scalar loop, by where arrays lie, would show
def _pass(
    matrix: Rows,
    rows: Integers,
    lanes: npt.NDArray[np.int32],
    diagonals: Floats,
    diagonal_other: np.float32,
    order: Integers,
    weights: Floats,
    bias: Floats,
    alphas: Floats,
    violations: Floats,
) -> None:
    """One pass over the rows that `order` names; order, lanes, diagonals, alphas and violations count within `rows`."""
    step, amount = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    one = np.float32(1.0)
    for o in range(len(order)):
        row = order[o]
        begin, end = matrix.row_ends[rows[row]], matrix.row_ends[rows[row] + 1]
        step[:] = bias
        add_rows(matrix.values, matrix.columns, begin, end, weights, step)
        changed = False
        alpha = alphas[row]
        square = matrix.squares[rows[row]]
        for j in range(LANES):
            sign, diagonal = -one, diagonal_other
            if j == lanes[row]:
                sign, diagonal = one, diagonals[row]
            gradient = sign * step[j] - one + alpha[j] * diagonal
            amount[j] = abs(gradient) if alpha[j] > 0 or gradient < 0 else np.float32(0.0)
            new = max(alpha[j] - gradient / (square + diagonal), np.float32(0.0))
            step[j] = (new - alpha[j]) * sign
            if step[j] != 0:
                alpha[j] = new
                changed = True
        violations[row] = amount.sum()
        if changed:
            for j in range(LANES):
                bias[j] += step[j]
            spread_step(matrix.values, matrix.columns, begin, end, weights, step)


@compiled()
def _begin(
    matrix: Rows, rows: Integers, lanes: npt.NDArray[np.int32], alphas: Floats, weights: Floats, bias: Floats
) -> None:
    """Add to weights and bias what the dual variables make of them; see `_pass`."""
    step = np.empty(LANES, np.float32)
    for row in range(len(rows)):
        own, any_at_all = alphas[row], False
        for j in range(LANES):
            any_at_all |= own[j] > 0
            step[j] = own[j] if j == lanes[row] else -own[j]
        if any_at_all:
            for j in range(LANES):
                bias[j] += step[j]
            begin, end = matrix.row_ends[rows[row]], matrix.row_ends[rows[row] + 1]
            spread_step(matrix.values, matrix.columns, begin, end, weights, step)


def _resize(
    lanes: npt.NDArray[np.int32],
    diagonals: Floats,
    other: np.float32,
    weights: Floats,
    bias: Floats,
    alphas: Floats,
) -> None:
    """Multiply each lane's dual variables, and what they make, by what brings the dual objective down most."""
    own = np.flatnonzero(lanes >= 0)
    squares = other * np.einsum("ij,ij->j", alphas, alphas)
    np.add.at(squares, lanes[own], (diagonals[own] - other) * alphas[own, lanes[own]] ** 2)
    lengths = np.einsum("ij,ij->j", weights, weights) + bias * bias + squares
    sums = alphas.sum(axis=0)
    factors = np.where(sums > 0, sums / lengths, 1).astype(np.float32)
    for each in (weights, bias, alphas):
        np.multiply(each, factors, out=each)


class Problem(NamedTuple):
    """What is to be told apart: rows of a matrix and their classes.

    subset: int64 [n], numbers of rows of the matrix; codes: int32 [n], the class of each, 0 to n_classes - 1.
    """

    matrix: Rows
    subset: Integers
    codes: npt.NDArray[np.int32]
    n_classes: int

    def part(self, at: Integers) -> "Problem":
        """The rows at these places of the subset."""
        return Problem(self.matrix, self.subset[at], self.codes[at], self.n_classes)

    def blocks(self) -> list[Integers]:
        """The classes in parts of LANES, the most frequent first: rows then rest for most of the classes of a part."""
        order = np.argsort(-np.bincount(self.codes, minlength=self.n_classes), kind="stable")
        return [order[start : start + LANES] for start in range(0, self.n_classes, LANES)]


class Solver(NamedTuple):
    """How the solver is set.

    C: inverse strength of the regularisation. balance: a class's own rows count (n / (n_classes * n_rows_of_class)) **
    balance times as much. max_iter: passes at most. tol: the share of the first pass's mean violation to stop at. seed:
    of the order of the rows.
    """

    C: float = 0.5
    balance: float = 0.5
    max_iter: int = 30
    tol: float = 0.05
    seed: int = 0

    def fit(self, problem: Problem) -> Weights:
        """Fit all classes, one block after the other."""
        return joined([self.fit_block(problem, classes) for classes in problem.blocks()], problem.n_classes)

    def fit_block(self, problem: Problem, classes: Integers, start: Start | None = None) -> Block:
        """Fit some of the classes, at most LANES, each against all others.

        A row whose classes are as they should be rests: after two passes, of a start that is near one, only those with
        a violation are visited, and all of them in every LOOK_AGAINth pass. A class without rows gets margins near -1.
        """
        matrix, subset, codes, n_classes = problem
        lane = np.full(n_classes, -1, np.int32)
        lane[classes] = np.arange(len(classes), dtype=np.int32)
        own = (0.5 / (self.C * class_balance(codes, n_classes, self.balance))).astype(np.float32)
        weights = room(matrix.n_features)
        bias = np.zeros(LANES, np.float32)
        bias[len(classes) :] = _NO_CLASS
        violations = np.zeros(len(subset), np.float32)
        everything = np.arange(len(subset))
        lanes, diagonals, other = lane[codes], own[codes], np.float32(0.5 / self.C)
        if start is None:
            alphas, target, whole = np.zeros((len(subset), LANES), np.float32), 0.0, _WHOLE_PASSES
        else:
            alphas, target, whole = start.alphas.astype(np.float32), start.violation, 1
            _begin(matrix, subset, lanes, alphas, weights, bias)
            _resize(lanes, diagonals, other, weights, bias, alphas)
        random = np.random.RandomState(self.seed)
        iteration = 0
        for iteration in range(1, self.max_iter + 1):
            visited = everything
            if iteration > whole and iteration % LOOK_AGAIN:
                visited = np.flatnonzero(violations > _AT_REST * target)
            order = _in_windows(visited, random)
            _pass(matrix, subset, lanes, diagonals, other, order, weights, bias, alphas, violations)
            violation = float(violations.mean(dtype=np.float64))
            if start is None and iteration == 1:
                target = self.tol * violation
            if violation <= target:
                break
        return Block(classes, weights, bias, iteration, Start(alphas, target))


def class_balance(codes: npt.NDArray[np.int32], n_classes: int, power: float) -> npt.NDArray[np.float64]:
    """(n / (n_classes * n_rows_of_class)) ** power; power 1 is scikit-learn's "balanced", 0 leaves all equal."""
    counts = np.bincount(codes, minlength=n_classes)
    return np.asarray((len(codes) / (n_classes * np.maximum(counts, 1))) ** power)


def joined(blocks: Sequence[Block], n_classes: int) -> Weights:
    """The blocks of all classes side by side."""
    weights = np.empty((len(blocks[0].weights), n_classes), np.float32)
    bias = np.empty(n_classes, np.float32)
    for start in range(0, len(weights), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        for block in blocks:
            _spread(block.weights[part], block.classes, weights[part])
    for block in blocks:
        bias[block.classes] = block.bias[: len(block.classes)]
    return Weights(weights, bias, max(block.n_iter for block in blocks))


@compiled()
def _spread(lanes: Floats, classes: Integers, weights: Floats) -> None:
    """Copy each lane to its class's column."""
    for feature in range(len(lanes)):
        for lane in range(len(classes)):
            weights[feature, classes[lane]] = lanes[feature, lane]


def _in_windows(visited: Integers, random: np.random.RandomState) -> Integers:
    """These rows in random order, but rows of one WINDOW of random chunks before those of the next."""
    if len(visited) <= WINDOW:
        return np.asarray(random.permutation(visited))
    chunks = np.array_split(visited, len(visited) // CHUNK)
    drawn = random.permutation(len(chunks))
    windows = np.array_split(drawn, -(-len(visited) // WINDOW))
    return np.concatenate([random.permutation(np.concatenate([chunks[i] for i in window])) for window in windows])
