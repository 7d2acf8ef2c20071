"""Numbers of things, as messages say them."""


def count_of(number: int, thing: str) -> str:
    """Returns the number and its noun, such as '1 image', '2 images', '0 boxes'.

    Args:
      number: how many.
      thing: one of them, with its adjectives: 'box', 'unreadable image'.
    """
    if number == 1:
        return f"1 {thing}"
    hissing = thing.endswith(("s", "x", "ch", "sh")) and not thing.endswith("epoch")
    return f"{number} {thing}{'es' if hissing else 's'}"
