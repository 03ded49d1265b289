//! How public routes are put together with what they say of themselves. All of it, the operations and their
//! schemas, is five megabytes of a program: it is there for the tests alone, which compare it with the
//! document that the gateway carries. Paths, methods and handlers are the same in both.

use axum::routing::MethodRouter;
use utoipa::openapi::{OpenApi, Paths, RefOr, Schema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// Whether routes say more of themselves than their paths and methods.
#[doc(hidden)]
pub const DESCRIBED: bool = cfg!(feature = "document");

/// The routes of handlers that have `#[utoipa::path]`, for [`OpenApiRouter::routes`]; each is written with
/// its module. They say their paths and methods, and with the feature `document` all the rest.
#[macro_export]
macro_rules! routes {
    ($($module:ident :: $handler:ident),+ $(,)?) => {{
        use $crate::macro_support::{DESCRIBED, PathItemExt as _, descriptions, full, paste};
        use utoipa::{Path as _, openapi::path::{Operation, Paths}};

        let (mut schemas, mut paths) = (Vec::new(), Paths::new());
        let mut router = axum::routing::MethodRouter::new();
        $(
            let (path, methods) = paste! {(
                $module::[<__path_ $handler>]::path(),
                $module::[<__path_ $handler>]::methods(),
            )};
            for method in &methods {
                router = router.on(method.to_method_filter(), $module::$handler);
            }
            if DESCRIBED {
                let (of_schemas, of_paths) = descriptions(full!($module::$handler), &router);
                schemas.extend(of_schemas);
                paths.merge(of_paths);
            } else {
                paths.add_path_operation(path, methods, Operation::new());
            }
        )+
        (schemas, paths, router)
    }};
}

/// The descriptions alone of a route that was put together with them, for a router of the same state.
#[doc(hidden)]
pub fn descriptions<S>(
    described: UtoipaMethodRouter<S>,
    _: &MethodRouter<S>,
) -> (Vec<(String, RefOr<Schema>)>, Paths) {
    let (schemas, paths, _) = described;
    (schemas, paths)
}

/// A router for routes that are added one by one and say by `document` what they are; it is not asked
/// without the feature `document`.
pub fn described<S>(document: impl FnOnce() -> OpenApi) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    if DESCRIBED { OpenApiRouter::with_openapi(document()) } else { OpenApiRouter::new() }
}
