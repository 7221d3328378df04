"""What a training run does with its data, as numbers that are stored with the run."""

from dataclasses import asdict, dataclass

MANY_CLASSES = 120
"""Classes of all heads together from which on no fewer features are kept."""

ROOM = 3
"""How many times as many features are kept at most where there are few classes."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of one run; equal recipes on equal rows give equal splits."""

    seed: int = 0
    """Of every shuffle."""
    test_fraction: float = 0.2
    """Share of the rows held out for the report, between 0 and 1."""
    folds: int = 5
    """Parts of the training rows for out-of-fold scores."""
    min_class_rows: int = 2
    """A class with fewer rows is too thin to learn: its rows stay out of that head's training and are listed."""
    near_duplicate_threshold: float = 0.8
    """Jaccard similarity of character 5-shingles from which two texts count as one."""
    min_df: int = 2
    """An n-gram of fewer documents is no feature."""
    max_features: int = 200_000
    """Features that the heads learn from, those with the largest weights: a bundle stays small and a look-up stays in the cache.
    Where there are few classes each takes little room, and more stay for the scope: see `features_for`."""
    emphasis: float = 0.5
    """Power of a feature's largest weight in a first fit that the feature is multiplied by; 0 leaves all as they are."""
    c: float = 0.5
    """Inverse strength of the regularisation."""
    balance: float = 0.5
    """How far rare classes weigh more: 0 not at all, 1 as much as frequent ones."""
    max_iter: int = 30
    """Passes of the solver at most."""
    tol: float = 0.05
    """The solver stops at this share of its first pass's violation."""
    auto: str = "maximum coverage @ precision >= 0.95"
    """What an answer must keep to be sent without a person looking."""
    suggest: str = "confidence >= 0.20"
    """What an answer must keep to be shown at all."""
    sets: str = "smallest set @ coverage >= 0.95"
    """What the set of an answer must keep; empty for answers without a set."""
    group_by: str = ""
    """An extra column whose rows stay on one side of the split, besides near-duplicates; empty for none."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: one of them makes no sense.

        """
        if not 0 < self.test_fraction < 1:
            raise ValueError(f"test_fraction is {self.test_fraction}, expected a share between 0 and 1")
        if not 0 < self.near_duplicate_threshold <= 1:
            raise ValueError(
                f"near_duplicate_threshold is {self.near_duplicate_threshold}, expected above 0, at most 1"
            )
        if not self.c > 0:
            raise ValueError(f"c is {self.c}, expected above 0")
        for name, least in (
            ("folds", 2),
            ("min_class_rows", 1),
            ("seed", 0),
            ("min_df", 1),
            ("max_features", 1),
            ("max_iter", 1),
            ("emphasis", 0),
            ("balance", 0),
        ):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least {least}")

    def features_for(self, classes: int) -> int:
        """How many features are kept at most, for the heads and the scope, where the heads have so many classes together.

        What tells no classes apart is much of what tells complaints from other texts.
        """
        return min(ROOM * self.max_features, self.max_features * MANY_CLASSES // min(max(classes, 1), MANY_CLASSES))

    def to_params(self) -> dict[str, str | int | float]:
        """Return the settings by name, as an experiment tracker takes them."""
        return asdict(self)
