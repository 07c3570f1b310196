import CLinux
import Glibc

/// Flags of `renameat2(2)`.
package enum RenameFlag {
  package static let noReplace: UInt32 = 1
  package static let exchange: UInt32 = 2
  package static let whiteout: UInt32 = 4
}

/// Modes of `fallocate(2)`.
package enum AllocationFlag {
  package static let keepSize: Int32 = 0x01
  package static let punchHole: Int32 = 0x02
  package static let collapseRange: Int32 = 0x08
  package static let zeroRange: Int32 = 0x10
  package static let insertRange: Int32 = 0x20
}

/// `SEEK_DATA` and `SEEK_HOLE`, which are not imported.
package enum SeekFlag {
  package static let data: Int32 = 3
  package static let hole: Int32 = 4
}

/// `renameat2(2)` of two paths.
package func rename(_ path: String, _ newPath: String, flags: UInt32) -> Int32 {
  renameat2(AT_FDCWD, path, AT_FDCWD, newPath, flags)
}

extension File {
  /// `fallocate(2)`.
  package func allocate(_ mode: Int32, _ offset: Int, _ length: Int) -> Int32 {
    fallocate(descriptor, mode, offset, length)
  }

  /// Copies bytes to another file by `copy_file_range(2)`, in as many calls as it takes. Returns how many there were.
  @discardableResult
  package func copy(_ count: Int, at offset: Int, to file: File, at newOffset: Int) throws -> Int {
    try copyRange(descriptor, offset, file.descriptor, newOffset, count)
  }

  /// The ranges of the file that `lseek(2)` calls data.
  package func dataRanges() throws -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var position = 0
    while true {
      let start = lseek(descriptor, position, SeekFlag.data)
      if start == -1, errno == ENXIO { return ranges }
      position = try check(lseek(descriptor, try check(start), SeekFlag.hole))
      ranges.append(start..<position)
    }
  }
}

/// Copies bytes by `copy_file_range(2)`, in as many calls as it takes. Returns how many there were.
package func copyRange(
  _ source: Int32, _ offset: Int, _ target: Int32, _ newOffset: Int, _ count: Int
) throws -> Int {
  var done = 0
  while done < count {
    var (from, to) = (offset + done, newOffset + done)
    let copied = try check(copy_file_range(source, &from, target, &to, UInt(count - done), 0))
    if copied == 0 { break }
    done += copied
  }
  return done
}
