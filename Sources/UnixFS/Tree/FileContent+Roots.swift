public import Multiformats

extension ExtentMap {
  /// The stored leaves that extents lie in, in order of the extents; one may be there more than once.
  public var leaves: [Leaf] {
    extents.compactMap { extent in
      if case .leaf(let leaf, _) = extent.source { leaf } else { nil }
    }
  }
}

extension FileContent {
  /// The roots of all DAGs that the content is made of: the last one that was built, and leaves that came since.
  public var roots: [CID] { (base.map { [$0.cid] } ?? []) + (pending?.leaves.map(\.cid) ?? []) }
}
