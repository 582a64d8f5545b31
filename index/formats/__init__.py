"""Files, folders, web pages and feeds -> articles: `expand` names the sources, `load` gets bytes, `parse` reads them.

One small module reads each format. The heavy libraries are imported inside the functions that need them, and what
they raise is turned there into an `ArticleError`, so that importing this package costs nothing.
"""

from index.formats.fetch import load
from index.formats.parsed import Parsed
from index.formats.reading import parse
from index.formats.sources import expand

__all__ = ["Parsed", "expand", "load", "parse"]
