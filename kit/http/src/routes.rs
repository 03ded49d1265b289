//! How public routes are put together with what they say of themselves. All of it, the operations and their
//! schemas, is five megabytes of a program: it is there for the tests alone, which compare it with the
//! document that the gateway carries. Paths, methods and handlers are the same in both.

use axum::{
    handler::Handler,
    routing::{MethodFilter, MethodRouter},
};
use utoipa::openapi::{HttpMethod, OpenApi, Paths, RefOr, Schema, path::Operation};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// Whether routes say more of themselves than their paths and methods.
#[doc(hidden)]
pub const DESCRIBED: bool = cfg!(feature = "document");

/// The routes of handlers that have `#[utoipa::path]`, for [`OpenApiRouter::routes`]; each is written with
/// its module. They say their paths and methods, and with the feature `document` all the rest.
#[macro_export]
macro_rules! routes {
    ($($module:ident :: $handler:ident),+ $(,)?) => {{
        use $crate::macro_support::{PathItemExt as _, describe, full, handle, paste};
        use utoipa::{Path as _, openapi::path::Paths};

        let (mut schemas, mut paths) = (Vec::new(), Paths::new());
        let mut router = axum::routing::MethodRouter::new();
        $(
            let (path, methods) = paste! {(
                $module::[<__path_ $handler>]::path(),
                $module::[<__path_ $handler>]::methods(),
            )};
            let filters = methods.iter().map(|method| method.to_method_filter());
            router = handle(router, filters, &$module::$handler);
            let known = (&mut schemas, &mut paths);
            describe(known, (path, methods), || full!($module::$handler), &router);
        )+
        (schemas, paths, router)
    }};
}

/// A router that answers these methods by `handler` too.
#[doc(hidden)]
pub fn handle<S, H, T>(
    router: MethodRouter<S>,
    methods: impl Iterator<Item = MethodFilter>,
    handler: &H,
) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
    H: Handler<T, S>,
    T: 'static,
{
    methods.fold(router, |router, method| router.on(method, handler.clone()))
}

/// Adds what a route says of itself, `full` with the feature `document` alone; the router is of the same
/// state.
#[doc(hidden)]
pub fn describe<S>(
    (schemas, paths): (&mut Vec<(String, RefOr<Schema>)>, &mut Paths),
    (path, methods): (String, Vec<HttpMethod>),
    full: impl FnOnce() -> UtoipaMethodRouter<S>,
    _: &MethodRouter<S>,
) {
    if DESCRIBED {
        let (of_schemas, of_paths, _) = full();
        schemas.extend(of_schemas);
        paths.merge(of_paths);
    } else {
        paths.add_path_operation(path, methods, Operation::new());
    }
}

/// A router for routes that are added one by one and say by `document` what they are; it is not asked
/// without the feature `document`.
pub fn described<S>(document: impl FnOnce() -> OpenApi) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    if DESCRIBED { OpenApiRouter::with_openapi(document()) } else { OpenApiRouter::new() }
}
