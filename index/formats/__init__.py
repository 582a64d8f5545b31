"""Files, folders, web pages and feeds -> articles: `expand` names the sources, `load` gets bytes, `parse` reads them.

    for source in expand(paths):
        loaded = load(source, allow_private=False)                 # Loaded: bytes, and what kind they are
        parsed = parse(source, loaded, allow_private=False)        # Parsed: articles, and failures of its parts

Bytes that are equal (`loaded.data`) hold equal articles, but for a feed, whose entries' pages `parse` fetches.
One small module reads each format. The heavy libraries are imported inside the functions that need them, and what
they raise is turned there into an `ArticleError`, so that importing this package costs nothing.
"""

from index.formats.fetch import load
from index.formats.parsed import Loaded, Parsed
from index.formats.reading import parse
from index.formats.sources import expand

__all__ = ["Loaded", "Parsed", "expand", "load", "parse"]
