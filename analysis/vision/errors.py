"""What can go wrong with an image or a model, each with a code and a sentence for the person in front of it."""


class VisionError(Exception):
    """Base of everything `analysis.vision` raises on purpose.

    `code` is stable and machine-readable (kebab-case); `message` is one or two sentences that say what is wrong
    and what to do about it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ImageError(VisionError):
    """The image cannot be analysed: an outcome, not a fault of the program."""


class ModelError(VisionError):
    """A weight file or its card is missing, damaged or contradicts itself."""


class TrainingError(VisionError):
    """A training run that cannot be started or continued as asked."""
