/*
 * reverse_then ADDRESS PORT PROGRAM [ARGUMENT...]
 *
 * Connects, asks for the name of the address, then runs the program with the connection as its standard input. Linked
 * with musl, it shows that library's resolver between the TCP handshake and the ClientHello.
 */
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *address;
	char name[NI_MAXHOST];

	if (count < 4 || getaddrinfo(arguments[1], arguments[2], &hints, &address))
		return 2;
	int connection = socket(address->ai_family, SOCK_STREAM, 0);
	if (connect(connection, address->ai_addr, address->ai_addrlen)) {
		perror("connect");
		return 1;
	}
	getnameinfo(address->ai_addr, address->ai_addrlen, name, sizeof name, NULL, 0, NI_NAMEREQD);
	dup2(connection, STDIN_FILENO);
	execvp(arguments[3], arguments + 3);
	perror(arguments[3]);
	return 1;
}
