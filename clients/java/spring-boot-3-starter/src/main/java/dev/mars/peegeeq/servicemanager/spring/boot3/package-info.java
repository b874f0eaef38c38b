/** The starter for Spring Boot 3. */
package dev.mars.peegeeq.servicemanager.spring.boot3;
