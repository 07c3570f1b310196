import Glibc
import MountTestSupport
import Testing

/// Programs that write through a shared mapping of a file.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct MemoryMapTests {
  /// What a program does between its last store and the end of the mapping.
  enum Ending: String, CaseIterable, CustomTestStringConvertible {
    /// It has the pages written, and waits.
    case synchronized
    /// It leaves that to the system.
    case unmapped
    /// It closed the descriptor long before: the pages arrive after the last flush.
    case closedBefore

    var testDescription: String { rawValue }
  }

  @Test(arguments: Ending.allCases)
  func writing(_ ending: Ending) throws {
    try withMount { mount in
      let path = "\(mount.path)/mapped"
      var content = randomBytes(3 << 20 | 123, seed: 1)
      try write(content, to: path)
      let file = try File(path, O_RDWR)
      let size = content.count
      let memory = try map(file, size)
      if ending == .closedBefore { try file.close() }
      #expect(memory.elementsEqual(content))
      for (step, offset) in [0, 4095, 4096, 1 << 20, 2_500_000, size - 1].enumerated() {
        memory[offset] = UInt8(step + 1)
        content[offset] = UInt8(step + 1)
      }
      // Whoever reads the file sees the stores at once.
      #expect(try read(path) == content)
      if ending == .synchronized { try check(msync(memory.baseAddress, size, MS_SYNC)) }
      try check(munmap(memory.baseAddress, size))
      if ending != .closedBefore { try file.close() }
      #expect(try read(path) == content)
      try write(content, to: "\(mount.path)/written")
      #expect(try cid(path) == cid("\(mount.path)/written"))
      try mount.remount()
      #expect(try read(path) == content)
      #expect(try cid(path) == cid("\(mount.path)/written"))
    }
  }

  /// A file that is made by mapping it alone, as linkers and databases do.
  @Test func fileMadeByMapping() throws {
    try withMount { mount in
      let path = "\(mount.path)/made"
      let content = randomBytes(5_000_000, seed: 2)
      let file = try File(path, O_RDWR | O_CREAT)
      try check(ftruncate(file.descriptor, off_t(content.count)))
      let memory = try map(file, content.count)
      // From the end, in steps.
      for start in stride(from: 0, to: content.count, by: 100_000).reversed() {
        let end = min(start + 100_000, content.count)
        UnsafeMutableRawBufferPointer(rebasing: memory[start..<end]).copyBytes(from: content[start..<end])
      }
      // While the mapping stands, the CID is that of what is in it.
      try write(content, to: "\(mount.path)/written")
      #expect(try cid(path) == cid("\(mount.path)/written"))
      memory[0] ^= 1
      #expect(try cid(path) != cid("\(mount.path)/written"))
      memory[0] ^= 1
      try check(munmap(memory.baseAddress, content.count))
      try file.close()
      try mount.remount()
      #expect(try read(path) == content)
      #expect(try cid(path) == cid("\(mount.path)/written"))
    }
  }

  /// A mapping of a file that is removed, and of one that another replaces.
  @Test func mappingOutlivesTheName() throws {
    try withMount { mount in
      let content = randomBytes(1_500_000, seed: 3)
      for name in ["removed", "replaced"] {
        let path = "\(mount.path)/\(name)"
        try write(content, to: path)
        let file = try File(path, O_RDWR)
        let memory = try map(file, content.count)
        try file.close()
        if name == "removed" {
          try check(unlink(path))
        } else {
          try write([1], to: "\(path).new")
          try check(rename("\(path).new", path))
        }
        memory[1_000_000] ^= 0xFF
        try check(msync(memory.baseAddress, content.count, MS_SYNC))
        #expect(memory[..<1_000_000].elementsEqual(content[..<1_000_000]))
        #expect(memory[1_000_000] == content[1_000_000] ^ 0xFF)
        try check(munmap(memory.baseAddress, content.count))
      }
      #expect(try read("\(mount.path)/replaced") == [1])
      #expect(try names(in: mount.path) == [Array("replaced".utf8)])
    }
  }

  private func map(_ file: File, _ size: Int) throws -> UnsafeMutableRawBufferPointer {
    let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0)
    guard let memory, Int(bitPattern: memory) != -1 else { throw SystemCallError(number: errno) }
    return UnsafeMutableRawBufferPointer(start: memory, count: size)
  }
}
