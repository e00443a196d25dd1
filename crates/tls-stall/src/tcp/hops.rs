//! How many routers a packet has passed.

/// What hosts set the TTL or hop limit to (Linux and macOS 64, Windows 128, routers and Solaris
/// 255); on the way it only falls.
const INITIAL_TTLS: [u8; 3] = [64, 128, 255];

/// The routers that a packet had passed which came with `ttl`, from the next value that hosts
/// begin with.
pub(crate) fn routers_passed(ttl: u8) -> u8 {
    let initial = INITIAL_TTLS.into_iter().find(|&initial| initial >= ttl);
    initial.unwrap_or(u8::MAX).saturating_sub(ttl)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_counted_from_the_next_value_that_hosts_begin_with() {
        let ways = [64, 58, 128, 122, 255, 197, 65, 0].map(routers_passed);
        assert_eq!(ways, [0, 6, 0, 6, 0, 58, 63, 64]);
    }
}
