"""The one exception type whose message is meant for the person at the terminal."""


class UserError(Exception):
    """A fault in what the user gave us: a file, a flag, a setting.

    The message is one or two plain sentences that quote what was received and say what to do.
    Programs in `pipelines/` print it without a traceback and exit with code 1; everything else is a
    defect of ours and keeps its traceback.
    """


def nearest(word: str, choices) -> str:
    """Returns ' Did you mean X?' for the closest of `choices`, or '' when none is close."""
    import difflib

    close = difflib.get_close_matches(
        str(word), [str(choice) for choice in choices], n=1, cutoff=0.5
    )
    return f" Did you mean '{close[0]}'?" if close else ""
