internal import Glibc

/// The number of the device that a file system is, as `stat(2)` and sysfs have it.
package struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
  package let major: UInt32
  package let minor: UInt32

  package var description: String { "\(major):\(minor)" }
}

/// What is mounted where, as this process sees it (proc(5), `/proc/[pid]/mountinfo`).
package struct MountTable {
  package struct Row: Equatable {
    package let device: DeviceNumber
    /// What of the file system is shown there: `/` is all of it.
    package let root: String
    package let mountPoint: String
    package let type: String
    package let source: String
  }

  /// In the order of mounting; of two rows with one mount point the later one is on top.
  package let rows: [Row]

  /// Reads the table of this process.
  static func current() throws(FuseError) -> MountTable {
    let path = "/proc/self/mountinfo"
    guard let text = contents(of: path) else {
      throw FuseError(.systemCallFailed, "cannot read \(path)", cause: .current)
    }
    return MountTable(text)
  }

  /// Takes the table apart; lines that are not understood are left out.
  package init(_ text: String) {
    // 36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    // By bytes: a name may begin or end with what Unicode joins to the space beside it.
    rows = text.utf8.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let fields = line.split(separator: UInt8(ascii: " ")).map(Array.init)
      guard fields.count > 6, let separator = fields.dropFirst(6).firstIndex(of: [UInt8(ascii: "-")]),
        fields.count > separator + 2
      else { return nil }
      let device = fields[2].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
        UInt32(String(decoding: $0, as: UTF8.self))
      }
      guard device.count == 2, let major = device[0], let minor = device[1] else { return nil }
      return Row(
        device: DeviceNumber(major: major, minor: minor), root: Self.unescape(fields[3]),
        mountPoint: Self.unescape(fields[4]),
        type: String(decoding: fields[separator + 1], as: UTF8.self), source: Self.unescape(fields[separator + 2]))
    }
  }

  /// What is on top at a mount point, whose path is absolute and without symbolic links.
  package func top(at mountPoint: String) -> Row? {
    rows.last { $0.mountPoint.utf8.elementsEqual(mountPoint.utf8) }
  }

  /// Where a file system is mounted and can be reached: what is mounted over is left out.
  package func places(of device: DeviceNumber) -> [Row] {
    rows.filter { $0.device == device && top(at: $0.mountPoint) == $0 }
  }

  /// Undoes the kernel's escapes of white space and backslash: `\040` is a space.
  private static func unescape(_ field: [UInt8]) -> String {
    var bytes: [UInt8] = []
    var rest = field[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.count >= 3,
        let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func contents(of path: String) -> String? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    let step = 64 << 10
    while true {
      let count = withUnsafeTemporaryAllocation(byteCount: step, alignment: 1) { buffer in
        let count = fread(buffer.baseAddress, 1, step, file)
        bytes.append(contentsOf: buffer[..<count])
        return count
      }
      if count == 0 { return ferror(file) == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
    }
  }
}
