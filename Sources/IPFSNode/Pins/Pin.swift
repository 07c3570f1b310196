public import Multiformats

/// A pin: what a collection keeps though it is in no file.
public struct Pin: Hashable, Sendable {
  /// How much a pin holds. Raw values are stored in the repo.
  public enum Kind: UInt8, Hashable, Sendable {
    /// The block and all that it leads to.
    case recursive = 1
    /// The block alone.
    case direct = 2
  }

  /// What is pinned.
  public var cid: CID
  /// How much of it.
  public var kind: Kind
  /// A name, for people; need not be unique.
  public var name: String?

  /// Makes a pin.
  public init(cid: CID, kind: Kind, name: String? = nil) {
    self.cid = cid
    self.kind = kind
    self.name = name
  }
}

/// How a CID is pinned.
public enum PinState: Hashable, Sendable {
  /// By a pin of its own.
  case pinned(Pin)
  /// A recursive pin leads to it: the one of this root, perhaps among others.
  case indirect(through: CID)
  /// Not at all.
  case none
}
