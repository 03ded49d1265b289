//! The ids that catalog gives out.

techtrove_core::typed_id!(
    /// A product.
    ProductId, "prod"
);

techtrove_core::typed_id!(
    /// One sellable variant of a product.
    VariantId, "var"
);

techtrove_core::typed_id!(
    /// A category.
    CategoryId, "cat"
);

techtrove_core::typed_id!(
    /// A collection of products, put together by hand.
    CollectionId, "coll"
);

techtrove_core::typed_id!(
    /// A long-running job, such as an import.
    JobId, "job"
);
