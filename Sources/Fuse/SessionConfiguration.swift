/// How a file system is mounted and served.
public struct SessionConfiguration: Sendable {
  /// When directories are read together with the attributes of their entries.
  public enum DirectoryReading: Sendable {
    /// Never: plain readdir.
    case plain
    /// As the kernel finds it useful: at the start of a directory, and while the entries are looked up.
    case adaptive
    /// Always.
    case withAttributes
  }

  /// The source shown in the mount table.
  public var source = "fuse"
  /// The type in the mount table is `fuse.` and this.
  public var subtype = "swift"
  /// Further mount options, as they follow `-o`: `allow_other`, `default_permissions`, `ro` …
  public var mountOptions: [String] = []
  /// The most bytes that are read or written by one request: a power of 2 from 4 KiB to 1 MiB.
  public var maximumTransfer = 1 << 20
  /// How many threads of libfuse take requests.
  public var maximumThreads = 10
  /// Whether each of those threads has a file descriptor of its own on the device.
  public var clonesDevice = false
  /// Whether the kernel keeps written pages and sends them later. It then also keeps size and times of regular files.
  public var writebackCache = true
  /// When directories are read with attributes.
  public var directoryReading = DirectoryReading.adaptive
  /// Whether the kernel may keep the targets of symbolic links.
  public var cachesSymbolicLinks = true
  /// How many read-ahead and asynchronous direct requests may be under way.
  public var maximumBackground = 64
  /// From how many of those on the kernel holds back further ones.
  public var congestionThreshold = 48
  /// How many KiB the kernel reads ahead; `nil` leaves its default (128). Takes effect where sysfs can be written.
  public var readAheadKiB: Int? = 1024
  /// Whether libfuse logs each request at level debug.
  public var logsRequests = false
  /// How long ``Session/stop()`` waits for the mount's users, and then for requests under way, before it ends them.
  public var stopGrace: Duration = .seconds(1)

  /// The defaults.
  public init() {}
}

/// What the kernel and this process agreed upon at the start of a session.
public struct Negotiation: Hashable, Sendable {
  /// The kernel's minor version of the protocol (the major one is 7).
  public let protocolMinorVersion: UInt32
  /// Whether the kernel keeps written pages and sends them later.
  public let writebackCache: Bool
  /// Whether directories can be read with attributes.
  public let readdirplus: Bool
  /// Whether operations in one directory come concurrently.
  public let parallelDirectoryOperations: Bool
  /// Whether clearing set-user-ID and set-group-ID is left to the file system (HANDLE_KILLPRIV_V2).
  public let clearsPrivilegeBits: Bool
  /// The most bytes of one write.
  public let maximumWrite: Int
}

/// Why a session ended.
public enum SessionEnd: Hashable, Sendable {
  /// Somebody unmounted the file system, or its connection was cut.
  case unmounted
  /// ``Session/stop()`` was called.
  case stopped
  /// The device failed.
  case failed(Errno)
}
