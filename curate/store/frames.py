"""Arrow tables as pandas frames, with types that keep missing values apart from values."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

_NULLABLE = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return a table as a frame.

    Parameters
    ----------
    table : pyarrow.Table
        Conformed to the contract.

    Returns
    -------
    pandas.DataFrame
        Strings as ``str`` (missing = NaN), integers and bools as nullable dtypes (missing = NA), floats as numpy floats
        (missing = NaN), times as ``datetime64[us, UTC]``; lists, structs and maps as Python lists and dicts (missing =
        None).
    """
    columns = {name: _series(table.column(name)) for name in table.column_names}
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def _series(column: pa.ChunkedArray) -> pd.Series:
    if pa.types.is_nested(column.type):
        values = pd.Series([None] * len(column), dtype=object)
        if column.null_count < len(column):
            values = pd.Series(column.to_pylist(maps_as_pydicts="strict"), dtype=object)
        return values
    series: pd.Series = column.to_pandas(types_mapper=_NULLABLE.get)
    # A column without any value would come as object.
    return series.astype("str") if pa.types.is_string(column.type) else series
