//! Plain values as PostgreSQL's binary format has them (PostgreSQL manual, 'Frontend/Backend
//! Protocol'). A parameter is bound by the type that the server gives its placeholder.

use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::{DbError, Value};

type Refusal = Box<dyn Error + Sync + Send>;

/// A value as PostgreSQL binds it.
#[derive(Debug)]
pub(super) struct Bound<'a>(pub Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Refusal> {
        match (self.0, ty) {
            (Value::Null, _) => return Ok(IsNull::Yes),
            (Value::Bool(value), &Type::BOOL) => out.put_u8(u8::from(value)),
            (Value::Int(value), &Type::INT8) => out.put_i64(value),
            (Value::Int(value), &Type::INT4) => out.put_i32(i32::try_from(value)?),
            (Value::Int(value), &Type::INT2) => out.put_i16(i16::try_from(value)?),
            (Value::Int(value), &Type::NUMERIC) => put_numeric(value, out),
            (Value::Text(text), ty) if is_text(ty) => out.put_slice(text.as_bytes()),
            (Value::Bytes(bytes), &Type::BYTEA) => out.put_slice(bytes),
            (Value::Id(id), &Type::BYTEA | &Type::UUID) => out.put_slice(id.as_bytes()),
            (value, ty) => {
                return Err(format!("{} for a parameter of type {ty}", value.kind()).into());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value as PostgreSQL gives it.
struct Plain<'a>(Value<'a>);

impl<'a> FromSql<'a> for Plain<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Refusal> {
        Ok(Self(match *ty {
            Type::BOOL => Value::Bool(raw != [0]),
            Type::INT8 => Value::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Value::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Value::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::NUMERIC => Value::Int(read_numeric(raw).ok_or("no integer of 64 bits")?),
            Type::BYTEA | Type::UUID => Value::Bytes(raw),
            Type::VOID => Value::Null,
            ref ty if is_text(ty) => Value::Text(std::str::from_utf8(raw)?),
            ref ty => return Err(format!("the type {ty}, which is not used here").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Refusal> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn is_text(ty: &Type) -> bool {
    matches!(*ty, Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN)
}

/// The column of a row, as plain value.
pub(crate) fn column(row: &tokio_postgres::Row, index: usize) -> Result<Value<'_>, DbError> {
    if index >= row.len() {
        return Err(DbError::decode("no such column"));
    }
    row.try_get::<_, Plain<'_>>(index).map(|plain| plain.0).map_err(|error| {
        // The cause says the type; the error itself only says which column.
        DbError::decode(error.source().map_or_else(|| error.to_string(), ToString::to_string))
    })
}

/// The digits of a `NUMERIC` have this base.
const BASE: u64 = 10_000;
const NEGATIVE: u16 = 0x4000;

/// An integer out of a `NUMERIC`, which is what `SUM` of a `BIGINT` gives.
fn read_numeric(raw: &[u8]) -> Option<i64> {
    let word = |at: usize| Some(u16::from_be_bytes([*raw.get(at)?, *raw.get(at + 1)?]));
    let (count, weight, sign) = (usize::from(word(0)?), word(2)?.cast_signed(), word(4)?);
    let mut number = 0_i128;
    for place in 0..count {
        let digit = i128::from(word(8 + 2 * place)?);
        let power = i32::from(weight) - i32::try_from(place).ok()?;
        match u32::try_from(power) {
            Ok(power) => {
                let scale = i128::from(BASE).checked_pow(power)?;
                number = number.checked_add(digit.checked_mul(scale)?)?;
            }
            // Behind the point there may only be zeros.
            Err(_) if digit == 0 => {}
            Err(_) => return None,
        }
    }
    match sign {
        0 => i64::try_from(number).ok(),
        NEGATIVE => i64::try_from(-number).ok(),
        _ => None,
    }
}

fn put_numeric(value: i64, out: &mut BytesMut) {
    let (mut rest, mut digits) = (value.unsigned_abs(), Vec::with_capacity(5));
    while rest > 0 {
        digits.push(u16::try_from(rest % BASE).expect("the rest of a division by 10,000 fits"));
        rest /= BASE;
    }
    // At most five digits: 64 bits are fewer than 10,000^5.
    let count = u16::try_from(digits.len()).expect("at most five digits");
    out.put_u16(count);
    out.put_u16(count.saturating_sub(1));
    out.put_u16(if value < 0 { NEGATIVE } else { 0 });
    out.put_u16(0);
    digits.iter().rev().for_each(|digit| out.put_u16(*digit));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_survive_numeric(value: i64) {
            let mut raw = BytesMut::new();
            put_numeric(value, &mut raw);

            prop_assert_eq!(read_numeric(&raw), Some(value));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(raw: Vec<u8>) {
            read_numeric(&raw);
        }
    }

    #[test]
    fn fractions_and_other_than_numbers_are_no_integers() {
        let words = |words: &[u16]| words.iter().flat_map(|w| w.to_be_bytes()).collect::<Vec<_>>();

        assert_eq!(read_numeric(&words(&[1, 0, 0, 0, 7])), Some(7));
        assert_eq!(read_numeric(&words(&[2, 0, 0, 4, 7, 5000])), None, "7.5");
        assert_eq!(read_numeric(&words(&[0, 0, 0xC000, 0])), None, "not a number");
        assert_eq!(read_numeric(&words(&[0, 0, 0, 0])), Some(0));
    }
}
