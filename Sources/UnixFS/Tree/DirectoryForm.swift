public import Multiformats

/// What a directory's DAG has of its own: CIDs of another form than the tree's, and what its root says of it.
public struct DirectoryForm: Hashable, Sendable {
  /// The version of its blocks' CIDs; nil for that of the tree's profile.
  public var cidVersion: CID.Version?
  /// The hash function of its blocks' CIDs; nil for that of the tree's profile.
  public var hashFunction: Multihash.Code?
  /// Mode and time of modification that are stored in its root.
  public var metadata: UnixFSMetadata

  /// Puts a form together.
  public init(
    cidVersion: CID.Version? = nil, hashFunction: Multihash.Code? = nil, metadata: UnixFSMetadata = UnixFSMetadata()
  ) {
    self.cidVersion = cidVersion
    self.hashFunction = hashFunction
    self.metadata = metadata
  }

  /// The form of a directory whose root has this CID and says this of it, where it differs from what a profile makes;
  /// nil where it does not.
  public init?(of root: CID, metadata: UnixFSMetadata, unlike profile: ImportProfile) {
    let hashFunction = root.hashFunction
    self.init(
      cidVersion: root.version == profile.cidVersion ? nil : root.version,
      hashFunction: hashFunction == profile.hashFunction || hashFunction == .identity ? nil : hashFunction,
      metadata: metadata)
    if self == DirectoryForm() { return nil }
  }

  /// The profile that the directory's own blocks are made with.
  ///
  /// - Throws: `invalidProfile` for a hash function that the version cannot have.
  public func profile(over base: ImportProfile) throws(UnixFSError) -> ImportProfile {
    guard cidVersion != nil || hashFunction != nil else { return base }
    return try base.with(cidVersion: cidVersion, hashFunction: hashFunction)
  }
}

extension ImportProfile {
  /// The profile with CIDs of another form. Version 0 brings sha2-256 with it where no hash function is named.
  ///
  /// - Throws: `invalidProfile`.
  public func with(
    cidVersion: CID.Version? = nil, hashFunction: Multihash.Code? = nil, rawLeaves: Bool? = nil
  ) throws(UnixFSError) -> ImportProfile {
    let version = cidVersion ?? self.cidVersion
    let function = hashFunction ?? (version == .v0 ? .sha2_256 : self.hashFunction)
    return try ImportProfile(
      chunker: chunker, layout: layout, cidVersion: function == .sha2_256 ? version : .v1, hashFunction: function,
      inlineLimit: inlineLimit, rawLeaves: rawLeaves ?? self.rawLeaves, maxFileLinks: maxFileLinks, sharding: sharding)
  }
}
