"""Says during training which records it had to leave out."""

import os

import keras

from centernet_tf.count_of import count_of
from centernet_tf.data.left_out import explain, read_notes

NOTES_NAME = "left_out_notes.txt"
REPORT_NAME = "left_out_records.txt"
_NAMED_AT_ONCE = 3


class ReportLeftOut(keras.callbacks.Callback):
    """After each epoch, names the records left out since; the file keeps all of them.

    `left_out_records.txt` gets a line `epoch E: FILE NAME: REASON` for each; the terminal gets one
    line an epoch, and only where a record was not named before.
    """

    def __init__(self, model_dir, config, manifest):
        super().__init__()
        self.notes_path = os.path.join(model_dir, NOTES_NAME)
        self.report_path = os.path.join(model_dir, REPORT_NAME)
        self.config, self.manifest = config, manifest
        self.explained = set(read_notes(self.notes_path))
        self.named = set()

    def on_epoch_end(self, epoch, logs=None):
        notes = [note for note in read_notes(self.notes_path) if note not in self.explained]
        if not notes:
            return
        self.explained.update(notes)
        found = explain(self.config, self.manifest, notes)
        with open(self.report_path, "a", encoding="utf-8") as report:
            report.writelines(
                f"epoch {each.epoch + 1}: {each.file_name}: {each.fault}\n" for each in found
            )
        self._tell({(each.file_name, each.fault) for each in found})

    def _tell(self, records):
        fresh = sorted(records - self.named)
        self.named.update(fresh)
        if fresh:
            examples = "; ".join(f"{name}: {fault}" for name, fault in fresh[:_NAMED_AT_ONCE])
            more = (
                f"; and {len(fresh) - _NAMED_AT_ONCE} more" if len(fresh) > _NAMED_AT_ONCE else ""
            )
            print(
                f"Left out {count_of(len(fresh), 'unusable record')} "
                f"({examples}{more}); all of them are in {self.report_path}",
                flush=True,
            )
