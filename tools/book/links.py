"""Follows every link between a book's pages: links.py FOLDER. Prints those that lead nowhere; exit code 1 if there are any."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to, and the names of its places."""

    def __init__(self, path):
        super().__init__()
        self.links, self.places = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places.add(attributes.get("id"))
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]


def is_broken(link, path, pages):
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    place = unquote(parts.fragment)
    return not target.is_file() or bool(place) and target in pages and place not in pages[target].places


def main(folder):
    # The page for links that lead nowhere is of any folder: it has a base of its own.
    paths = [path for path in Path(folder).resolve().rglob("*.html") if path.name != "404.html"]
    pages = {path: Page(path) for path in paths}
    broken = [f"{path}: {link}" for path, page in pages.items() for link in page.links if is_broken(link, path, pages)]
    print("\n".join(broken) or f"{len(pages)} pages, {sum(len(page.links) for page in pages.values())} links", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
