"""XML of annotation files, which may be hostile."""

import xml.etree.ElementTree as ElementTree
from xml.parsers import expat


class UnsafeXml(ValueError):
    """XML that declares entities: they can grow without bound, and no annotation needs them."""


def parse_xml(data: bytes) -> ElementTree.Element:
    """Returns the root element.

    Raises:
      UnsafeXml: see there.
      expat.ExpatError, ElementTree.ParseError, ValueError, LookupError: it is no XML, or in no
        encoding that is known.
    """
    scout = expat.ParserCreate()
    scout.EntityDeclHandler = _refuse_entity
    scout.Parse(data, True)
    return ElementTree.fromstring(data)


def _refuse_entity(name, *_):
    raise UnsafeXml(f"declares the entity '{name}', which annotations do not need")
