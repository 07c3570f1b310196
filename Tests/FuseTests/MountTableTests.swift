import Fuse
import Testing

struct MountTableTests {
  @Test func rowsAreTakenApart() {
    let table = MountTable(
      """
      22 27 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw
      99 27 0:53 / /mnt/a\\040b\\134c rw,nosuid,nodev - fuse.swipfs swipfs:/r\\011x rw,user_id=0
      100 27 0:54 / /sys rw - tmpfs none rw

      not a row at all
      101 27 0 / /x rw - tmpfs none rw
      102 27 0:55 / /y rw - tmpfs \u{301}none rw\r
      103 27 0:56 / /z rw - tmpfs none rw
      104 27 0:56 /a\\040b /w rw - tmpfs none rw
      105 27 0:56 / /v rw - tmpfs none rw
      106 27 0:57 / /v rw - tmpfs none rw
      """)
    #expect(table.rows.count == 8)
    let row = table.top(at: "/mnt/a b\\c")
    #expect(row?.type == "fuse.swipfs")
    #expect(row?.source == "swipfs:/r\tx")
    #expect(row?.device.description == "0:53")
    #expect(table.top(at: "/sys")?.type == "tmpfs")
    #expect(table.top(at: "/x") == nil)
    // Names that Unicode joins to the space before them, or to the line's end.
    #expect(table.top(at: "/y")?.source == "\u{301}none")
    #expect(table.top(at: "/z")?.source == "none")
    // What is mounted over cannot be reached.
    let places = table.top(at: "/z").map { table.places(of: $0.device) } ?? []
    #expect(places.map(\.mountPoint) == ["/z", "/w"])
    #expect(places.map(\.root) == ["/", "/a b"])
  }
}
