import pytest
import tensorflow as tf

from centernet_tf.data.shard_writer import MAX_SHARDS, ShardWriter, default_num_shards


@pytest.mark.parametrize(
    "images, shards",
    [(0, 1), (3, 1), (10, 2), (32, 8), (8000, 8), (8001, 9), (118287, 119), (10**7, MAX_SHARDS)],
)
def test_shard_count_follows_size(images, shards):
    assert default_num_shards(images) == shards


def test_records_go_round(tmp_path):
    writer = ShardWriter(str(tmp_path), "val", 3)
    for number in range(7):
        writer.write(str(number).encode())
    shards = writer.close()
    assert [shard["num_examples"] for shard in shards] == [3, 2, 2]
    assert [shard["file"] for shard in shards] == [
        f"val-0000{i}-of-00003.tfrecord" for i in range(3)
    ]
    read = [
        [record.numpy() for record in tf.data.TFRecordDataset(str(tmp_path / shard["file"]))]
        for shard in shards
    ]
    assert read == [[b"0", b"3", b"6"], [b"1", b"4"], [b"2", b"5"]]
