internal import CFuse3
internal import Glibc

/// Takes the entries that answer one reading of a directory.
///
/// It belongs to the request it came with. An entry that did not fit is not in the answer: it counts as no lookup, and
/// the kernel asks for it with the offset of the last one that did.
public final class DirectoryBuffer: @unchecked Sendable {
  // Only the one operation that the buffer was made for touches it.

  /// The type of an entry, as in `st_mode`.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    /// `S_IFMT` bits of a mode.
    public let rawValue: UInt32

    /// Takes the type out of a mode.
    public init(rawValue: UInt32) {
      self.rawValue = rawValue & S_IFMT
    }

    /// A directory.
    public static let directory = Kind(rawValue: S_IFDIR)
    /// A regular file.
    public static let file = Kind(rawValue: S_IFREG)
    /// A symbolic link.
    public static let symbolicLink = Kind(rawValue: S_IFLNK)
  }

  private let memory: ReadBuffer
  private let isPlus: Bool
  private var used = 0

  init(_ memory: ReadBuffer, isPlus: Bool) {
    self.memory = memory
    self.isPlus = isPlus
  }

  /// Whether nothing fitted, or nothing was added, yet.
  public var isEmpty: Bool { used == 0 }

  /// Adds an entry of which only number and type are told: all that readdir takes, and what readdirplus takes for `.`
  /// and `..`. It counts as no lookup.
  /// - Parameter nextOffset: From where reading goes on after this entry; not 0.
  /// - Returns: Whether it fitted.
  public func append(_ name: [UInt8], inode: UInt64, kind: Kind, nextOffset: UInt64) -> Bool {
    var stat = Glibc.stat()
    stat.st_ino = UInt(inode)
    stat.st_mode = kind.rawValue
    if isPlus {
      var parameters = fuse_entry_param()
      parameters.attr = stat
      return append(name, parameters, nextOffset)
    }
    return add(name) { name, space, size in
      fuse_add_direntry(nil, space, size, name, &stat, Int(bitPattern: UInt(nextOffset)))
    }
  }

  /// Adds an entry to the answer of a readdirplus; once it is in, it counts as a lookup of its node.
  /// - Parameter nextOffset: From where reading goes on after this entry; not 0.
  /// - Returns: Whether it fitted.
  public func append(_ name: [UInt8], _ entry: Entry, nextOffset: UInt64) -> Bool {
    append(name, entry.parameters, nextOffset)
  }

  private func append(_ name: [UInt8], _ parameters: fuse_entry_param, _ nextOffset: UInt64) -> Bool {
    precondition(isPlus, "An entry with attributes in the answer to a plain readdir.")
    return add(name) { name, space, size in
      withUnsafePointer(to: parameters) {
        fuse_add_direntry_plus(nil, space, size, name, $0, Int(bitPattern: UInt(nextOffset)))
      }
    }
  }

  /// Packs one entry with a function that tells its size and writes nothing if that is more than there is space for.
  private func add(
    _ name: [UInt8], _ pack: (UnsafePointer<CChar>, UnsafeMutablePointer<CChar>, Int) -> Int
  ) -> Bool {
    guard let base = memory.bytes.baseAddress else { return false }
    let space = base.advanced(by: used).assumingMemoryBound(to: CChar.self)
    let remaining = memory.count - used
    let size = name.withCString { pack($0, space, remaining) }
    guard size <= remaining else { return false }
    used += size
    return true
  }

  /// The packed entries.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory.bytes[..<used]) }
}
