"""What can go wrong with articles and the index, each safe to show to a person.

QuothError                  anything that Quoth says in one clear line
├── ArticleError            one article cannot be read: not there, empty, too big, damaged, not text
├── EncoderError            the embedding model is not there or does not work
├── FilterError             what a search is limited to makes no sense: a date that is none
└── StorageError            the index as a whole
    ├── NoIndexError        there is none in that folder
    ├── IndexDamagedError   there is one, but it cannot be trusted
    ├── IndexMismatchError  it was made with another encoder, other settings or a newer format
    ├── IndexLockedError    somebody else is writing to it
    └── IndexWriteError     a change could not be written; the last good state stays
"""


class QuothError(Exception):
    """Base of every error that a person may see: its message says what happened, why, and what to do next."""


class ArticleError(QuothError):
    """One article cannot be read or is unfit; the others are not affected."""


class EncoderError(QuothError):
    """The embedding model cannot be loaded or used."""


class FilterError(QuothError):
    """What a search is limited to cannot be understood."""


class StorageError(QuothError):
    """The index as a whole cannot be used as asked."""


class ArticleGoneError(StorageError):
    """The article was changed or removed since it was found."""


class NoIndexError(StorageError):
    """There is no index in the folder."""


class IndexDamagedError(StorageError):
    """The index on disk is damaged beyond what can be repaired from it."""


class IndexMismatchError(StorageError):
    """The index was made with another encoder, other settings, or a newer format."""


class IndexLockedError(StorageError):
    """Another process or thread is writing to the index."""


class IndexWriteError(StorageError):
    """A change could not be written (disk full, folder not writable); nothing of it is visible."""
