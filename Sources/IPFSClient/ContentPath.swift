public import Multiformats

/// What names content: a `CID`, or a path such as `/ipfs/<cid>/a`, `/ipns/<name>` or `<cid>/a`.
public protocol ContentPath: Sendable {
  /// The path as the daemon reads it.
  var contentPath: String { get }
}

extension String: ContentPath {
  /// The text as it is.
  public var contentPath: String { self }
}

extension CID: ContentPath {
  /// The usual text of the identifier.
  public var contentPath: String { description }
}
