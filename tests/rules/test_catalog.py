"""What catalog entries say about how data is kept."""

from __future__ import annotations

import pytest

from kedro_aloft.graph.snapshot import DatasetInfo, DatasetKind
from kedro_aloft.rules.catalog import save_modes

ANY = "text.TextDataset"
APPEND = {"fs_args": {"open_args_save": {"mode": "A"}}}
FOR_PANDAS = {"save_args": {"mode": "a"}}


@pytest.mark.parametrize(
    ("config", "modes"),
    [
        ({"type": ANY}, {}),
        ({"type": ANY, **APPEND}, {("fs_args", "open_args_save", "mode"): "a"}),
        (
            {"type": "pandas.SQLTableDataset", "save_args": {"if_exists": "append"}},
            {("save_args", "if_exists"): "append"},
        ),
        ({"type": "spark.SparkDataset", "save_args": {"mode": "append"}}, {("save_args", "mode"): "append"}),
        ({"type": "pandas.CSVDataset", **APPEND}, {("fs_args", "open_args_save", "mode"): "a"}),
        # The file is open, for replacing, before pandas sees its mode.
        ({"type": "pandas.CSVDataset", **FOR_PANDAS}, {}),
        ({"type": "kedro_datasets.pandas.csv_dataset.CSVDataset", **FOR_PANDAS}, {}),
        ({"type": "pandas.JSONDataset", **FOR_PANDAS, **APPEND}, {("fs_args", "open_args_save", "mode"): "a"}),
        ({"type": "dask.CSVDataset", **FOR_PANDAS}, {("save_args", "mode"): "a"}),
        ({"type": "partitions.PartitionedDataset", "dataset": {"type": "pandas.CSVDataset", **FOR_PANDAS}}, {}),
    ],
)
def test_how_existing_data_is_treated(config: dict[str, object], modes: dict[tuple[str, ...], str]) -> None:
    info = DatasetInfo(name="a", kind=DatasetKind.PERSISTED, config=config)
    assert dict(save_modes(info)) == modes
