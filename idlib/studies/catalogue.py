"""All studies that are made of runs, by name."""

from .adapters import ADAPTERS
from .baselines import BASELINES
from .decoder import DECODER
from .digits import DIGITS
from .family import FAMILY_STUDY
from .informed import INFORMED
from .layers import LAYERS
from .memorising import MEMORISING
from .methods import METHODS
from .mnist import MNIST
from .paired import PAIRED
from .pairs import PAIRS
from .pretraining import PRETRAINING
from .projections import PROJECTIONS
from .questions import QUESTIONS
from .random_start import RANDOM_START
from .reward import REWARD
from .rivals import RIVALS
from .sizes import SIZES

__all__ = ["STUDIES"]

STUDIES = {
    study.name: study
    for study in (
        BASELINES,
        MNIST,
        RIVALS,
        DIGITS,
        PROJECTIONS,
        SIZES,
        MEMORISING,
        METHODS,
        PRETRAINING,
        FAMILY_STUDY,
        PAIRS,
        PAIRED,
        ADAPTERS,
        QUESTIONS,
        DECODER,
        RANDOM_START,
        LAYERS,
        INFORMED,
        REWARD,
    )
}
