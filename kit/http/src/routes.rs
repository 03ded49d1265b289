//! How public routes are put together with what they say of themselves. All of it, the operations and their
//! schemas, is five megabytes of a program: it is there for the tests alone, which compare it with the
//! document that the gateway carries.

use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

#[cfg(feature = "document")]
pub use utoipa_axum::routes;

/// The routes of handlers that have `#[utoipa::path]`, for [`OpenApiRouter::routes`]; each is written with
/// its module. They say their paths and methods, and with the feature `document` all the rest.
#[cfg(not(feature = "document"))]
#[macro_export]
macro_rules! routes {
    ($($module:ident :: $handler:ident),+ $(,)?) => {{
        use $crate::macro_support::{PathItemExt as _, paste};
        use utoipa::{Path as _, openapi::path::{Operation, Paths}};

        let mut paths = Paths::new();
        let mut router = axum::routing::MethodRouter::new();
        $(
            let (path, methods) = paste! {(
                $module::[<__path_ $handler>]::path(),
                $module::[<__path_ $handler>]::methods(),
            )};
            for method in &methods {
                router = router.on(method.to_method_filter(), $module::$handler);
            }
            paths.add_path_operation(path, methods, Operation::new());
        )+
        (Vec::new(), paths, router)
    }};
}

/// A router for routes that are added one by one and say by `document` what they are; it is not asked
/// without the feature `document`.
pub fn described<S>(document: impl FnOnce() -> OpenApi) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    if cfg!(feature = "document") {
        OpenApiRouter::with_openapi(document())
    } else {
        OpenApiRouter::new()
    }
}
