//! How public routes are put together with what they say of themselves. All of it, the operations and their
//! schemas, is five megabytes of a program: it is there for the tests alone, which compare it with the
//! document that the gateway carries. Paths, methods and handlers are the same in both.

use axum::routing::{MethodFilter, MethodRouter};
use utoipa::openapi::{HttpMethod, OpenApi, Paths, RefOr, Schema, path::Operation};
use utoipa_axum::{
    PathItemExt as _,
    router::{OpenApiRouter, UtoipaMethodRouter},
};

/// Whether routes say more of themselves than their paths and methods.
const DESCRIBED: bool = cfg!(feature = "document");

/// The routes of handlers that have `#[utoipa::path]`, for [`OpenApiRouter::routes`]; each is written with
/// its module. They say their paths and methods, and with the feature `document` all the rest.
#[macro_export]
macro_rules! routes {
    ($($module:ident :: $handler:ident),+ $(,)?) => {{
        use utoipa::Path as _;

        let mut routes = $crate::macro_support::Routes::new();
        $(
            $crate::macro_support::paste! {
                routes.add(
                    $module::[<__path_ $handler>]::path(),
                    $module::[<__path_ $handler>]::methods(),
                    |router, method| router.on(method, $module::$handler),
                    || $crate::macro_support::full!($module::$handler),
                );
            }
        )+
        routes.finish()
    }};
}

/// Routes that are put together.
#[doc(hidden)]
pub struct Routes<S> {
    schemas: Vec<(String, RefOr<Schema>)>,
    paths: Paths,
    router: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { schemas: Vec::new(), paths: Paths::new(), router: MethodRouter::new() }
    }

    /// Adds a handler to the router by `on`, with what `described` says of it.
    pub fn add(
        &mut self,
        path: String,
        methods: Vec<HttpMethod>,
        on: impl Fn(MethodRouter<S>, MethodFilter) -> MethodRouter<S>,
        described: impl FnOnce() -> UtoipaMethodRouter<S>,
    ) {
        let router = std::mem::take(&mut self.router);
        self.router = methods.iter().fold(router, |router, it| on(router, it.to_method_filter()));
        if DESCRIBED {
            let (schemas, paths, _) = described();
            self.schemas.extend(schemas);
            self.paths.merge(paths);
        } else {
            self.paths.add_path_operation(path, methods, Operation::new());
        }
    }

    /// All of them.
    pub fn finish(self) -> UtoipaMethodRouter<S> {
        (self.schemas, self.paths, self.router)
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
