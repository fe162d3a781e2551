"""Texts in which a triangle shows where a problem is expected; it is taken out before loading."""


def read_marked(
    marked: str, sentences: list[str], file: str = "keys.yaml"
) -> tuple[str, list[str]]:
    """Give the text without its triangles, and exactly the problems that are expected there."""
    places, text = [], marked
    while "▸" in text:
        before, _, after = text.partition("▸")
        places.append((before.count("\n") + 1, len(before) - before.rfind("\n")))
        text = before + after
    expected = zip(places, sentences, strict=True)
    return text, [f"{file}:{line}:{column}: {said}" for (line, column), said in expected]
