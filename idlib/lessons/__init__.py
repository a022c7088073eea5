"""The lessons: what each notebook computes, draws, shows, asks and checks, a folder for each.

A lesson may use `idlib.lessons.base` and everything below the lessons, and no other lesson.
"""

__all__ = ["LESSONS"]

LESSONS = {  # folder of each notebook, by its number
    "01": "toy",
    "02": "subspaces",
    "03": "mnist",
    "04": "shuffled",
    "05": "sizes",
    "06": "memorising",
    "07": "compression",
    "08": "language",
    "09": "pretraining",
    "10": "family",
    "11": "bounds",
    "12": "adapters",
    "13": "questions",
    "14": "reward",
    "15": "inside",
}
