/// How content becomes a DAG, and what is done with it: the options of `add`.
///
/// Where nothing is said, the daemon's own defaults hold.
public struct AddOptions: Hashable, Sendable {
  /// Whether files are laid out as trickle DAGs.
  public var trickle: Bool
  /// Whether empty directories are added; nil for the daemon's default, yes.
  public var emptyDirs: Bool?
  /// Whether CIDs are only computed, and nothing is stored.
  public var onlyHash: Bool
  /// Whether a directory is made around all files.
  public var wrapWithDirectory: Bool
  /// How files are cut: `size-BYTES`, `rabin-MIN-AVG-MAX`, `buzhash`.
  public var chunker: String?
  /// Whether the result is pinned.
  public var pin: Bool
  /// The pin's name.
  public var pinName: String?
  /// Whether leaves are raw blocks.
  public var rawLeaves: Bool?
  /// Whether the daemon reads the files where they are instead of copying them.
  public var nocopy: Bool
  /// Whether the daemon looks first whether it has a block.
  public var fscache: Bool
  /// The version of CIDs.
  public var cidVersion: Int?
  /// The hash function; implies version 1.
  public var hash: String?
  /// Whether small blocks become part of their CIDs.
  public var inline: Bool
  /// The most bytes of such a block.
  public var inlineLimit: Int?
  /// The most links of a node of a file.
  public var maxFileLinks: Int?
  /// The most links of a directory that is not sharded.
  public var maxDirectoryLinks: Int?
  /// The most links of a node of a sharded directory.
  public var maxHAMTFanout: Int?
  /// A path of MFS where the result is put, too; with a slash at its end, a directory.
  public var toFiles: String?
  /// Whether the modes of local files are stored.
  public var preserveMode: Bool
  /// Whether the times of local files are stored.
  public var preserveMtime: Bool
  /// Permissions to store with each file and directory.
  public var mode: UInt16?
  /// A time to store with each file and directory, in seconds since 1970.
  public var mtime: Int64?
  /// The nanoseconds of that time.
  public var mtimeNsecs: Int?
  /// Whether others are told at once that the daemon has the result; nil for the daemon's default.
  public var fastProvideRoot: Bool?
  /// Whether they are told of all blocks; nil for the daemon's default.
  public var fastProvideDAG: Bool?
  /// Whether the command waits for that; nil for the daemon's default.
  public var fastProvideWait: Bool?
  /// The option `quiet`, which changes only what Kubo's command line shows; so does `quieter`.
  public var quiet: Bool
  /// The option `quieter`.
  public var quieter: Bool
  /// Whether the daemon says nothing at all, not even the CIDs.
  public var silent: Bool

  /// Makes options.
  public init(
    trickle: Bool = false, emptyDirs: Bool? = nil, onlyHash: Bool = false, wrapWithDirectory: Bool = false,
    chunker: String? = nil, pin: Bool = true, pinName: String? = nil, rawLeaves: Bool? = nil, nocopy: Bool = false,
    fscache: Bool = false, cidVersion: Int? = nil, hash: String? = nil, inline: Bool = false,
    inlineLimit: Int? = nil, maxFileLinks: Int? = nil, maxDirectoryLinks: Int? = nil, maxHAMTFanout: Int? = nil,
    toFiles: String? = nil, preserveMode: Bool = false, preserveMtime: Bool = false, mode: UInt16? = nil,
    mtime: Int64? = nil, mtimeNsecs: Int? = nil, fastProvideRoot: Bool? = nil, fastProvideDAG: Bool? = nil,
    fastProvideWait: Bool? = nil, quiet: Bool = false, quieter: Bool = false, silent: Bool = false
  ) {
    self.trickle = trickle
    self.emptyDirs = emptyDirs
    self.onlyHash = onlyHash
    self.wrapWithDirectory = wrapWithDirectory
    self.chunker = chunker
    self.pin = pin
    self.pinName = pinName
    self.rawLeaves = rawLeaves
    self.nocopy = nocopy
    self.fscache = fscache
    self.cidVersion = cidVersion
    self.hash = hash
    self.inline = inline
    self.inlineLimit = inlineLimit
    self.maxFileLinks = maxFileLinks
    self.maxDirectoryLinks = maxDirectoryLinks
    self.maxHAMTFanout = maxHAMTFanout
    self.toFiles = toFiles
    self.preserveMode = preserveMode
    self.preserveMtime = preserveMtime
    self.mode = mode
    self.mtime = mtime
    self.mtimeNsecs = mtimeNsecs
    self.fastProvideRoot = fastProvideRoot
    self.fastProvideDAG = fastProvideDAG
    self.fastProvideWait = fastProvideWait
    self.quiet = quiet
    self.quieter = quieter
    self.silent = silent
  }

  /// The command with these options.
  func command(progress: Bool) -> Command {
    Command("add").option("trickle", trickle, default: false).option("empty-dirs", emptyDirs)
      .option("only-hash", onlyHash, default: false).option("wrap-with-directory", wrapWithDirectory, default: false)
      .option("chunker", chunker).option("pin", pin, default: true).option("pin-name", pinName)
      .option("raw-leaves", rawLeaves).option("nocopy", nocopy, default: false)
      .option("fscache", fscache, default: false).option("cid-version", cidVersion).option("hash", hash)
      .option("inline", inline, default: false).option("inline-limit", inlineLimit)
      .option("max-file-links", maxFileLinks).option("max-directory-links", maxDirectoryLinks)
      .option("max-hamt-fanout", maxHAMTFanout).option("to-files", toFiles)
      .option("preserve-mode", preserveMode, default: false).option("preserve-mtime", preserveMtime, default: false)
      .option("mode", octal(mode)).option("mtime", mtime).option("mtime-nsecs", mtimeNsecs)
      .option("fast-provide-root", fastProvideRoot).option("fast-provide-dag", fastProvideDAG)
      .option("fast-provide-wait", fastProvideWait).option("quiet", quiet, default: false)
      .option("quieter", quieter, default: false).option("silent", silent, default: false)
      .option("progress", progress, default: false)
  }
}
