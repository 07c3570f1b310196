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
    rows = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 6, let separator = fields.dropFirst(6).firstIndex(of: "-"), fields.count > separator + 2
      else { return nil }
      let device = fields[2].split(separator: ":").compactMap { UInt32($0) }
      guard device.count == 2 else { return nil }
      return Row(
        device: DeviceNumber(major: device[0], minor: device[1]), mountPoint: Self.unescape(fields[4]),
        type: String(fields[separator + 1]), source: Self.unescape(fields[separator + 2]))
    }
  }

  /// What is on top at a mount point, whose path is absolute and without symbolic links.
  package func top(at mountPoint: String) -> Row? {
    rows.last { $0.mountPoint == mountPoint }
  }

  /// Undoes the kernel's escapes of white space and backslash: `\040` is a space.
  private static func unescape(_ field: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
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
