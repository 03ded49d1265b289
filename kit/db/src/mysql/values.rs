//! Plain values as MySQL's binary protocol has them.

use mysql::{Params, consts::ColumnType};

use crate::{DbError, Value};

/// The number of the character set that stands for bytes.
const BINARY: u16 = 63;

/// Values as MySQL binds them; the driver wants its own copies.
pub(super) fn bound(params: &[Value<'_>]) -> Params {
    if params.is_empty() {
        return Params::Empty;
    }
    let bound = |value: &Value<'_>| match *value {
        Value::Null => mysql::Value::NULL,
        Value::Bool(value) => mysql::Value::Int(value.into()),
        Value::Int(value) => mysql::Value::Int(value),
        Value::Text(text) => mysql::Value::Bytes(text.into()),
        Value::Bytes(bytes) => mysql::Value::Bytes(bytes.into()),
        Value::Id(id) => mysql::Value::Bytes(id.as_bytes().into()),
    };
    Params::Positional(params.iter().map(bound).collect())
}

/// The column of a row, as plain value.
pub(crate) fn column(row: &mysql::Row, index: usize) -> Result<Value<'_>, DbError> {
    let (value, column) = row
        .as_ref(index)
        .zip(row.columns_ref().get(index))
        .ok_or_else(|| DbError::decode("no such column"))?;
    match value {
        mysql::Value::NULL => Ok(Value::Null),
        mysql::Value::Int(value) => Ok(Value::Int(*value)),
        mysql::Value::UInt(value) => i64::try_from(*value)
            .map(Value::Int)
            .map_err(|_| DbError::decode("no integer of 64 bits")),
        mysql::Value::Bytes(bytes) if is_decimal(column.column_type()) => whole(bytes),
        mysql::Value::Bytes(bytes) if column.character_set() == BINARY => Ok(Value::Bytes(bytes)),
        mysql::Value::Bytes(bytes) => {
            std::str::from_utf8(bytes).map(Value::Text).map_err(|_| DbError::decode("not UTF-8"))
        }
        _ => Err(DbError::decode("a type which is not used here")),
    }
}

fn is_decimal(column: ColumnType) -> bool {
    matches!(column, ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL)
}

/// An integer out of a `DECIMAL`, which is what `SUM` of a `BIGINT` gives.
fn whole(digits: &[u8]) -> Result<Value<'_>, DbError> {
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .map(Value::Int)
        .ok_or_else(|| DbError::decode("no integer of 64 bits"))
}
