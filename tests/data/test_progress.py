import io

from centernet_tf.data.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_how_far_it_is():
    stream = Terminal()
    bar = ProgressBar("train", 3, stream)
    for _ in range(3):
        bar.advance()
    bar.close()
    assert "train  3/3  |####################|" in stream.getvalue()
    assert stream.getvalue().endswith("\n")


def test_a_file_sees_nothing():
    stream = io.StringIO()
    bar = ProgressBar("train", 3, stream)
    bar.advance()
    bar.close()
    assert stream.getvalue() == ""
