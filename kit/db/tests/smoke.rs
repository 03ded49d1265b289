//! x
#![allow(missing_docs)]
use techtrove_db::*;
const SET: MigrationSet = MigrationSet { name: "smoke", migrations: &[Migration { version: 1, name: "x",
  sqlite: "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\nCREATE INDEX i ON a (name);\n",
  postgres: "CREATE TABLE a (id BIGINT PRIMARY KEY, name TEXT NOT NULL);",
  mysql: "CREATE TABLE a (id BIGINT PRIMARY KEY, name TEXT NOT NULL);" }] };
#[tokio::test]
async fn smoke() {
    for db in testing::engines().await {
        db.migrate(&SET).await.unwrap();
        db.migrate(&SET).await.unwrap();
        let n = db.write("ins", |tx| { tx.execute("INSERT INTO a (id, name) VALUES (?, ?)", p![1_i64, "x"]) }).await.unwrap();
        assert_eq!(n, 1);
        let name: String = db.read("get", |tx| tx.query_one("SELECT name FROM a WHERE id = ?", p![1], |r| r.get(0))).await.unwrap();
        assert_eq!(name, "x");
        println!("{:?}", db.stats());
        db.close().await;
    }
}
